# SPDX-License-Identifier: Apache-2.0
"""scripts/make-pki: what it makes, and that it never takes a key away."""
import pathlib
import stat
import subprocess

from stand import TOP


def make(*arguments):
    return subprocess.run([TOP / "scripts/make-pki", *map(str, arguments)], capture_output=True,
                          text=True, timeout=60, check=False)


def openssl(*arguments):
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True,
                          timeout=20, check=True).stdout


def test_keys_are_private_certificates_verify_and_a_second_run_changes_nothing(tmp_path):
    folder = tmp_path / "pki"
    assert make("--gateway-id", "31010600001320000009", folder).returncode == 0
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    for name in files:
        mode = stat.S_IMODE((folder / name).stat().st_mode)
        assert mode & 0o077 == 0 or not name.endswith(".key"), name
    for name, purpose in (("gateway", "sslclient"), ("police", "sslserver"),
                          ("education", "sslserver")):
        openssl("verify", "-CAfile", folder / "ca.pem", "-purpose", purpose, folder / f"{name}.pem")
    assert "CN=31010600001320000009" in openssl("x509", "-in", folder / "gateway.pem", "-noout",
                                                 "-subject", "-nameopt", "RFC2253")
    names = openssl("x509", "-in", folder / "police.pem", "-noout", "-ext", "subjectAltName")
    assert "IP Address:127.0.0.1" in names and "DNS:localhost" in names
    for name in ("police", "education"):
        public = openssl("pkey", "-in", folder / f"{name}-receipt.key", "-pubout")
        assert public == (folder / f"{name}-receipt.pub.pem").read_text()
    (folder / "education.pem").unlink()
    assert make(folder).returncode == 0
    again = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {n: b for n, b in again.items() if n not in ("education.pem", "ca.srl")} == \
        {n: b for n, b in files.items() if n not in ("education.pem", "ca.srl")}
    assert again.keys() == files.keys()


def test_usage(tmp_path):
    assert make().returncode == 2
    assert make(tmp_path, tmp_path).returncode == 2
    assert not list(pathlib.Path(tmp_path).iterdir())

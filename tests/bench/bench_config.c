/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

bool bench_write_config(const char *pki, const char *state, int port, int pressed, char *ret_path,
                        size_t size)
{
    const char *run = getenv("TOCSIN_RUN_DIR");
    snprintf(ret_path, size, "%s/bench.yaml", state);
    FILE *f = fopen(ret_path, "w");
    if (!f)
        return false;
    fprintf(
        f,
        "site: {id: bench, name: 测试学校, address: 示范路1号, latitude: 31.2, longitude: 121.4}\n"
        "signing: {driver: pem, key_file: %s/gateway-signing.key}\n"
        "storage: {state_dir: %s/store, journal_dir: %s, reserve_events: 20000}\n"
        "control: {socket: %s/control.sock}\n"
        "receivers:\n  - {id: police, name: 公安, driver: https,\n"
        "     url: \"https://127.0.0.1:%d/v1/events\", ca_file: %s/ca.pem,\n"
        "     cert_file: %s/gateway.pem, key_file: %s/gateway.key,\n"
        "     receipt_keys: [%s/police-receipt.pub.pem], heartbeat: 5s, alarm_heartbeat: 2s}\n"
        "inputs:\n",
        pki, state, run ? run : state, state, port, pki, pki, pki, pki);
    for (int i = 0; i < BENCH_BUTTONS; i++)
        fprintf(f,
                "  - {id: b%d, name: 按钮, place: 门卫室, driver: sim, debounce: 5ms,"
                " pressed_at_start: %s}\n",
                i, i == pressed ? "true" : "false");
    return fclose(f) == 0 && chmod(ret_path, 0600) == 0;
}

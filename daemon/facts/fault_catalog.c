/* SPDX-License-Identifier: Apache-2.0 */
#include "facts/fault_catalog.h"

#include <stddef.h>
#include <string.h>

static const struct fault_kind kinds[FAULT_CODES] = {
    [FAULT_LINE] = {"line", FAULT_SUBJECT_INPUT, FAULT_GRAVITY_GRAVE, FAULT_CLASS_ZONE,
                    "Look at the wires and the plug of this input at once; then press it in a test "
                    "(tocsin test).",
                    "立即检查该输入的接线和插头，然后在测试中按一次（tocsin test）。"},
    [FAULT_STUCK] = {"stuck", FAULT_SUBJECT_INPUT, FAULT_GRAVITY_GRAVE, FAULT_CLASS_ZONE,
                     "Release the button or turn its key; if it is up, its wire is broken.",
                     "松开按钮或转动复位钥匙；若按钮已弹起，则是线路损坏。"},
    [FAULT_CHATTER] = {"chatter", FAULT_SUBJECT_INPUT, FAULT_GRAVITY_GRAVE, FAULT_CLASS_ZONE,
                       "Look who plays with the button; if nobody does, fasten its wires.",
                       "查看是否有人反复按动按钮；若没有，紧固其接线。"},
    [FAULT_UNTESTED] = {"untested", FAULT_SUBJECT_INPUT, FAULT_GRAVITY_DEGRADED, FAULT_CLASS_ZONE,
                        "Test it: tocsin test, then press the button.",
                        "进行测试：运行 tocsin test，然后按下按钮。"},
    [FAULT_TAMPER] = {"tamper", FAULT_SUBJECT_INPUT, FAULT_GRAVITY_GRAVE, FAULT_CLASS_TAMPER,
                      "Go and look at the case and its wires; close the case.",
                      "前往查看机箱和接线，并将机箱关好。"},
    [FAULT_MAINS] = {"mains", FAULT_SUBJECT_INPUT, FAULT_GRAVITY_DEGRADED, FAULT_CLASS_MAINS,
                     "Look at the fuse and the plug: the battery lasts only for hours.",
                     "检查保险丝和电源插头：蓄电池只能维持数小时。"},
    [FAULT_BATTERY] = {"battery", FAULT_SUBJECT_INPUT, FAULT_GRAVITY_DEGRADED, FAULT_CLASS_BATTERY,
                       "Bring the mains back, or change the battery, before the gateway stops.",
                       "在网关停机之前恢复市电或更换蓄电池。"},
    [FAULT_RECEIVER] = {"receiver", FAULT_SUBJECT_RECEIVER, FAULT_GRAVITY_DEGRADED,
                        FAULT_CLASS_COMMUNICATION,
                        "Look at the network and ask the receiver; nothing is lost, it is sent "
                        "again until it is there. What it refuses, and why: tocsin events list "
                        "--refused.",
                        "检查网络并询问接警方；数据不会丢失，会一直重发直到送达。"
                        "被拒收的事件及原因：tocsin events list --refused。"},
    [FAULT_RECEIVER_SETTINGS] =
        {"receiver-settings", FAULT_SUBJECT_RECEIVER, FAULT_GRAVITY_DEGRADED,
         FAULT_CLASS_COMMUNICATION,
         "Nothing is sent to this receiver: mend its section of the configuration or the file that "
         "the reason names (tocsin check), then tocsin reload. What waits for it is kept.",
         "未向该接警方发送任何数据：请改正其配置段或原因中所指的文件（tocsin check），再运行 "
         "tocsin reload。待发数据会保留。"},
    [FAULT_CAMERA] = {"camera", FAULT_SUBJECT_CAMERA, FAULT_GRAVITY_DEGRADED, FAULT_CLASS_VIDEO,
                      "Look at the camera's power, network and password; alarms go out without its "
                      "pictures.",
                      "检查摄像机的电源、网络和密码；报警照常发出，但没有该机画面。"},
    [FAULT_VIDEO] = {"video", FAULT_SUBJECT_NONE, FAULT_GRAVITY_DEGRADED, FAULT_CLASS_VIDEO,
                     "systemctl status tocsin-video; alarms go out without pictures.",
                     "运行 systemctl status tocsin-video；报警照常发出，但没有画面。"},
    [FAULT_CLIPS] =
        {"clips", FAULT_SUBJECT_RECEIVER, FAULT_GRAVITY_DEGRADED, FAULT_CLASS_VIDEO,
         "Ask the receiver why it takes no clips: they stay on the gateway's disk and "
         "fill it (tocsin status says how many). Put a folder of clips that is not in "
         "its place back. If it is to have none, or they are lost, clips: false.",
         "询问该接警方为何不接收录像：录像留在网关磁盘上并逐渐占满空间（tocsin status "
         "显示数量）。录像文件夹不在原位时请放回。若无需录像或录像已丢失，请设置 clips: false。"},
    [FAULT_VIDEO_ROOM] =
        {"video-room", FAULT_SUBJECT_NONE, FAULT_GRAVITY_DEGRADED, FAULT_CLASS_VIDEO,
         "Make room on the disk that holds the clips, or lower video.keep_clips_bytes; when it is "
         "full alarms go out without pictures.",
         "请清理存放录像片段的磁盘，或调低 "
         "video.keep_clips_bytes；磁盘写满后报警照常发出，但没有画面。"},
    [FAULT_STORE] = {"store", FAULT_SUBJECT_NONE, FAULT_GRAVITY_GRAVE, FAULT_CLASS_STORE,
                     "Make room on the disk or change it; do not switch the gateway off, what it "
                     "holds in memory would be lost.",
                     "清理或更换磁盘；不要关闭网关，否则内存中的事件会丢失。"},
    [FAULT_STORE_DAMAGED] =
        {"store-damaged", FAULT_SUBJECT_NONE, FAULT_GRAVITY_DEGRADED, FAULT_CLASS_STORE,
         "tocsin store status says what is lost; keep the damaged file for the "
         "technician and change the disk soon. Then: tocsin store accept --by "
         "NAME.",
         "运行 tocsin store status 查看丢失了什么；为技术人员保留损坏的文件，并尽快更换磁盘。"
         "然后运行 tocsin store accept --by 姓名。"},
    [FAULT_STORE_ROOM] =
        {"store-room", FAULT_SUBJECT_NONE, FAULT_GRAVITY_DEGRADED, FAULT_CLASS_STORE,
         "Make room on the disk that holds the state folder before it is full: then only so many "
         "alarms are stored as the reserve has room for.",
         "请在磁盘写满之前清理状态目录所在的磁盘；写满后只能存储预留空间所容纳的报警数量。"},
    [FAULT_STORE_WITNESS] =
        {"store-witness", FAULT_SUBJECT_NONE, FAULT_GRAVITY_DEGRADED, FAULT_CLASS_STORE,
         "Look at outbox.head in the state folder: while it cannot be written, a store that is "
         "deleted or put back from a copy while the gateway is off may not be noticed.",
         "检查状态目录中的 "
         "outbox.head：在其恢复可写之前，若网关关机期间事件库被删除或换成旧副本，可能无法发现。"},
    [FAULT_JOURNAL] =
        {"journal", FAULT_SUBJECT_NONE, FAULT_GRAVITY_DEGRADED, FAULT_CLASS_STORE,
         "Look at the run folder (/run/tocsin): until it takes files again, what is "
         "not on the disk yet is in memory alone.",
         "检查运行目录（/run/tocsin）；在其恢复可写之前，尚未写入磁盘的事件仅存于内存。"},
    [FAULT_STATE] = {"state", FAULT_SUBJECT_PART, FAULT_GRAVITY_GRAVE, FAULT_CLASS_SYSTEM,
                     "Ask the receivers which alarms were open, and look at the buttons: the "
                     "gateway may not know of an alarm from before its restart. Then: tocsin reset "
                     "--unknown --by NAME.",
                     "询问接警方哪些报警未结束，并查看各按钮：网关可能不知道重启之前的报警。"
                     "问清后运行 tocsin reset --unknown --by 姓名。"},
    [FAULT_LAMP] = {"lamp", FAULT_SUBJECT_LAMP, FAULT_GRAVITY_DEGRADED, FAULT_CLASS_PERIPHERAL,
                    "Look at the lamp and its wires; do not trust what it shows.",
                    "检查指示灯及其接线；不要相信它的显示。"},
    [FAULT_OUTPUT] = {"output", FAULT_SUBJECT_OUTPUT, FAULT_GRAVITY_DEGRADED,
                      FAULT_CLASS_PERIPHERAL, "Look at what is switched by it, and at its wires.",
                      "检查该输出所控制的设备及其接线。"},
    [FAULT_CONFIG] = {"config", FAULT_SUBJECT_NONE, FAULT_GRAVITY_DEGRADED, FAULT_CLASS_SYSTEM,
                      "Mend the file (tocsin check), then tocsin reload; until then the old "
                      "configuration stays.",
                      "改正配置文件（tocsin check），再运行 tocsin reload；在此之前沿用旧配置。"},
    [FAULT_SIGNING] =
        {"signing", FAULT_SUBJECT_NONE, FAULT_GRAVITY_GRAVE, FAULT_CLASS_SYSTEM,
         "Telephone when a button is pressed: nothing can be signed, so no receiver "
         "hears of it. Put the key back (signing: key_file; mode 0640): what waits is "
         "sent then, no restart is needed.",
         "按钮按下时请打电话：无法签名，接警方收不到报警。请恢复密钥文件"
         "（signing: key_file，权限 0640）；恢复后积压的事件自动发出，无需重启。"},
    [FAULT_CONTROL] = {"control", FAULT_SUBJECT_NONE, FAULT_GRAVITY_DEGRADED, FAULT_CLASS_SYSTEM,
                       "Make the folder of the control socket writable for tocsind, or end what "
                       "holds the socket; until then the tocsin command finds nobody.",
                       "使 tocsind 可以写入控制套接字所在的文件夹，或结束占用该套接字的程序；"
                       "在此之前 tocsin 命令无法使用。"},
};

const struct fault_kind *fault_kind(enum fault_code code)
{
    return &kinds[code];
}

const struct fault_kind *fault_kind_of(const char *word)
{
    for (size_t i = 0; word && i < FAULT_CODES; i++) {
        if (strcmp(kinds[i].word, word) == 0)
            return &kinds[i];
    }
    return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "card/words.h"

/*
 * A drill's press that is held is real, but not that of a latching button; and how long it must be
 * held is the site's. So the card ties it to what the guard can see: until red blinks, else 110.
 */
const struct card_words card_words[INDICATOR_PATTERN_COUNT] = {
    [INDICATOR_PATTERN_HEARD] =
        {
            .name_zh = "已听到",
            .means_zh = "只有本机知道，没确认有人收到",
            .do_zh = "马上打 110，一直打到有人接",
            .means_en = "Known to this box only: nobody has confirmed it yet.",
            .do_en = "Telephone 110 now, and keep trying until somebody answers.",
            .telephone = true,
        },
    [INDICATOR_PATTERN_UNCONFIRMED] =
        {
            .name_zh = "未确认",
            .means_zh = "公安的机器收下了，但不能签字",
            .do_zh = "同时打 110，问他们收到没有",
            .means_en = "The police's machine accepted it, but cannot sign for it.",
            .do_en = "Telephone 110 as well, and ask whether they have it.",
            .telephone = true,
        },
    [INDICATOR_PATTERN_DELIVERED] =
        {
            .name_zh = "已签收",
            .means_zh = "公安的机器收到了，已签字",
            .do_zh = "还没人说看到：绿灯不闪，就打 110",
            .means_en = "The police's machine has it, and has signed for it.",
            .do_en = "No person has confirmed it yet: if green does not blink soon, telephone 110.",
        },
    [INDICATOR_PATTERN_SEEN] =
        {
            .name_zh = "已看到",
            .means_zh = "公安那边有人看到了",
            .do_zh = "还没说出发。保护学生和自己，看灯",
            .means_en = "A person there has seen it, and has not said yet: we are coming.",
            .do_en = "Protect the pupils and yourself. Keep watching the lamp.",
        },
    [INDICATOR_PATTERN_COMING] =
        {
            .name_zh = "正赶来",
            .means_zh = "公安那边的人说：我们来了",
            .do_zh = "保护学生和自己，等他们到",
            .means_en = "A person there has said: we are coming.",
            .do_en = "Protect the pupils and yourself until they are here.",
        },
    [INDICATOR_PATTERN_READY] =
        {
            .name_zh = "正常",
            .means_zh = "一切正常",
            .do_zh = "有危险就按",
            .means_en = "Everything up to the police is proven to work.",
            .do_en = "In danger, press.",
        },
    [INDICATOR_PATTERN_DEGRADED] =
        {
            .name_zh = "有故障",
            .means_zh = "能报警，有东西坏了",
            .do_zh = "有危险照样按；叫维修来",
            .means_en = "A press is heard; something is broken.",
            .do_en = "In danger, press. Call the technician.",
        },
    [INDICATOR_PATTERN_FAULT] =
        {
            .name_zh = "不可靠",
            .means_zh = "按了可能没人知道",
            .do_zh = "有危险按，也打 110；叫维修",
            .means_en = "A press may reach nobody.",
            .do_en = "In danger: press, telephone 110. Call the technician.",
            .telephone = true,
        },
    [INDICATOR_PATTERN_DRILL] =
        {
            .name_zh = "演练",
            .means_zh = "演练中，按了不出警",
            .do_zh = "真有危险：按住 3 秒，到红灯闪",
            .means_en = "A drill: a press sends nobody.",
            .do_en = "Real danger: hold the button 3 seconds, until red blinks.",
        },
    [INDICATOR_PATTERN_TEST] =
        {
            .name_zh = "测试",
            .means_zh = "测试中，按了不出警",
            .do_zh = "真有危险：按住 3 秒，到红灯闪",
            .means_en = "A test: a press sends nobody.",
            .do_en = "Real danger: hold the button 3 seconds, until red blinks.",
        },
    [INDICATOR_PATTERN_OFF] =
        {
            .name_zh = "不亮",
            .means_zh = "全不亮：可能没工作",
            .do_zh = "有危险按，也打 110；叫维修",
            .means_en = "All dark: it may not run.",
            .do_en = "In danger: press, telephone 110. Call the technician.",
            .telephone = true,
        },
};

const enum indicator_pattern card_order[INDICATOR_PATTERN_COUNT] = {
    INDICATOR_PATTERN_HEARD,    INDICATOR_PATTERN_UNCONFIRMED, INDICATOR_PATTERN_DELIVERED,
    INDICATOR_PATTERN_SEEN,     INDICATOR_PATTERN_COMING,      INDICATOR_PATTERN_READY,
    INDICATOR_PATTERN_DEGRADED, INDICATOR_PATTERN_FAULT,       INDICATOR_PATTERN_DRILL,
    INDICATOR_PATTERN_TEST,     INDICATOR_PATTERN_OFF,
};

const struct card_sentence card_sentences[CARD_PLACE_COUNT] = {
    [CARD_PLACE_PRESS] = {"有危险：按一下按钮，看灯",
                          "Danger: press the button once, then watch the lamp for help."},
    [CARD_PLACE_NO_RED] = {"按了没有红灯？马上打 110",
                           "You pressed and there is no red? Telephone 110 at once."},
    [CARD_PLACE_ALARM] = {"按下之后", "After the press: from the top down, help comes nearer"},
    [CARD_PLACE_REST] = {"平时", "At rest"},
    [CARD_PLACE_AMBER] = {"只有黄灯常亮：不能保证有人来，有事打 110。",
                          "Amber alone, steady: help cannot be promised. Telephone 110."},
    [CARD_PLACE_DRILL] = {"演练、测试时，按住 3 秒是真报警；红灯不闪就打 110。",
                          "In a drill or test, a press held 3 seconds is a real alarm; if red does "
                          "not blink, telephone 110."},
    [CARD_PLACE_SCHOOL] = {"学校", "School"},
    [CARD_PLACE_DUTY] = {"值班电话", "On duty"},
    [CARD_PLACE_POLICE] = {"派出所", "Police station"},
    [CARD_PLACE_TECHNICIAN] = {"维修", "Technician"},
};

const struct card_sentence card_shine[LIGHT_FAST + 1] = {
    [LIGHT_OFF] = {"", ""},
    [LIGHT_ON] = {"常亮", "on"},
    [LIGHT_SLOW] = {"慢闪", "slow"},
    [LIGHT_FAST] = {"快闪", "fast"},
};

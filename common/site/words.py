"""The words that macros put on a page, in both languages."""

from __future__ import annotations

from typing import Literal

Lang = Literal["en", "zh"]

WORDS: dict[str, dict[Lang, str]] = {
    "diff": {"en": "What changes, file by file", "zh": "逐个文件看改了什么"},
    "runs_in": {"en": "What runs in this stage", "zh": "这一关里跑的是哪些代码"},
    "schema": {"en": "The schema", "zh": "数据库表结构"},
    "module": {"en": "File", "zh": "文件"},
    "introduced": {"en": "Introduced in", "zh": "首次出现"},
    "lines": {"en": "Lines", "zh": "行数"},
    "guarantee": {"en": "Guarantee", "zh": "保证"},
    "kept": {"en": "kept", "zh": "守住"},
    "broken": {"en": "broken", "zh": "守不住"},
    "no_subject": {"en": "not in this stage", "zh": "这一关还没有"},
    "attempt": {"en": "Round trips of one attempt", "zh": "一次下单的往返次数"},
    "stage": {"en": "Stage", "zh": "关卡"},
    "technique": {"en": "Technique", "zh": "技术"},
    "chapter": {"en": "Chapter", "zh": "章节"},
    "read": {"en": "Read", "zh": "阅读"},
    "do": {"en": "Run and break", "zh": "动手"},
    "homework": {"en": "Homework", "zh": "作业"},
    "week": {"en": "Week", "zh": "周"},
    "right_answer": {"en": "Answer", "zh": "答案"},
    "command": {"en": "Command", "zh": "命令"},
    "processes": {"en": "Processes", "zh": "进程数"},
    "memory": {"en": "Memory", "zh": "内存"},
    "disk_or_time": {"en": "Disk, or time", "zh": "磁盘或时间"},
    "seconds": {"en": "{} s", "zh": "{} 秒"},
    "measured_on": {
        "en": "Measured on {}, load average {}, {}; raw file `docs/results/classroom.json`.",
        "zh": "测于 {}，平均负载 {}，{}；原始数据 `docs/results/classroom.json`。",
    },
    "total": {"en": "Total", "zh": "合计"},
    "minutes": {"en": "{} min", "zh": "{} 分钟"},
    "hours": {"en": "{} h {} min", "zh": "{} 小时 {} 分钟"},
    "schema_now": {"en": "The tables are now:", "zh": "现在有这些表："},
    "comma": {"en": ", ", "zh": "，"},
    "made_in": {"en": "made in {}", "zh": "{} 建立"},
    "changed_in": {"en": "changed in {}", "zh": "{} 修改"},
    "answer": {"en": "Answer", "zh": "答复"},
    "meaning": {"en": "Meaning", "zh": "含义"},
    "field": {"en": "Field", "zh": "字段"},
    "required": {"en": "required", "zh": "必填"},
    "kind": {"en": "Kind", "zh": "类型"},
    "per_second": {"en": "A second (× Flask saying hello)", "zh": "每秒（× Flask 的 hello）"},
    "a_second": {"en": "a second", "zh": "每秒"},
    "spread": {"en": "lowest – highest", "zh": "最低 – 最高"},
    "of_hello": {"en": "× hello", "zh": "× hello"},
    "generator": {"en": "generator", "zh": "压测工具"},
    "written": {"en": "orders written a second", "zh": "每秒落库订单"},
    "sql": {"en": "SQL", "zh": "SQL"},
    "redis": {"en": "Redis", "zh": "Redis"},
    "bytes": {"en": "bytes in Redis", "zh": "Redis 字节"},
    "spike_end": {"en": "p99 to the end, ms", "zh": "到最终答复 p99，ms"},
    "drain": {"en": "drain, ms", "zh": "排空，ms"},
    "not_kept": {"en": "not kept", "zh": "没守住"},
    "spike": {
        "en": "What one accepted attempt costs (statements, Redis round trips, bytes for each buyer, workers"
        " included), and how a spike of {} buyers at {} units ended:",
        "zh": "受理一次抢购花多少（SQL 语句、Redis 往返、每个买家的字节，含 worker），"
        "以及 {} 个买家抢 {} 件的洪峰怎样收场：",
    },
    "measured": {
        "en": "Measured on {}, {}, load average {} at the start, by {}; raw file {}.",
        "zh": "测于 {}，{}，开始时平均负载 {}，命令 {}；原始数据 {}。",
    },
    "drained": {"en": "A backlog, written by", "zh": "积压的订单，怎样写"},
    "of_bare_rows": {"en": "× bare rows", "zh": "× 只写行"},
    "drain: bare insert": {"en": "the orders' rows alone", "zh": "只插入订单行"},
    "drain: bare rows": {"en": "all rows of a batch, and nothing else", "zh": "一批的全部行，别的不做"},
    "drain: ledger": {"en": "the ledger", "zh": "这一关的账本"},
    "drain: consumer": {"en": "the consumer, journal to ticket", "zh": "消费者，从日志到票据"},
    "drain: two consumers": {"en": "two consumers", "zh": "两个消费者"},
    "drain: job for each batch": {"en": "a job of RQ for each batch", "zh": "每批一个 RQ 任务"},
    "drain: one by one": {"en": "order after order, as on s06", "zh": "一张一张写，如第 6 关"},
    "limiter": {"en": "{} in {} s, by", "zh": "{1} 秒 {0} 次，算法"},
    "most_in": {"en": "most in {} s", "zh": "{} 秒内最多放行"},
    "bytes_a_key": {"en": "bytes for a key", "zh": "每个键的字节数"},
    "bursts: title": {
        "en": "One press a second, and a limit of {} in {} s: how many got through in the last {} s",
        "zh": "每秒点一下，限额 {1} 秒 {0} 次：最近 {2} 秒里放行了几次",
    },
    "bursts: most": {"en": "at most {} in {} s", "zh": "{1} 秒内最多 {0} 次"},
    "bursts: minute": {"en": "a minute ends", "zh": "一分钟结束"},
    "bursts: legend": {
        "en": "blue: a press that was let through; dashed: the limit; red: over it",
        "zh": "蓝：放行的点击；虚线：限额；红：超出的部分",
    },
    "bursts: source": {
        "en": "the scripts of the stage, by a clock moved by hand",
        "zh": "这一关自己的脚本，钟由手拨",
    },
    "bursts: in words": {
        "en": "What five rate limiters let through of one press a second, by a limit of {} in {} seconds",
        "zh": "每秒点一下，限额 {1} 秒 {0} 次，五种限流算法各放行了什么",
    },
    "limiter: fixed_window": {"en": "fixed window", "zh": "固定窗口"},
    "limiter: sliding_log": {"en": "sliding log", "zh": "滑动日志"},
    "limiter: sliding_counter": {"en": "sliding counter", "zh": "滑动计数"},
    "limiter: token_bucket": {"en": "token bucket", "zh": "令牌桶"},
    "limiter: gcra": {"en": "GCRA", "zh": "GCRA"},
    "deck_slides": {"en": "Slides", "zh": "幻灯片"},
    "deck_slide": {"en": "Which slide", "zh": "第几张"},
    "deck_previous": {"en": "Previous slide", "zh": "上一张"},
    "deck_following": {"en": "Next slide", "zh": "下一张"},
    "deck_notes": {"en": "Notes", "zh": "备注"},
    "deck_help": {
        "en": "← → and Space turn the pages and open answers, N shows the notes; print for a handout",
        "zh": "← → 和空格翻页、打开答案，N 显示备注；打印即成讲义",
    },
    "deck_adds": {"en": "**What it promises**", "zh": "**它新守住的**"},
    "deck_drops": {"en": "**What it gives up**", "zh": "**它放弃的**"},
    "to_come": {"en": "to come", "zh": "待续"},
    "accepted": {"en": "accepted", "zh": "下单成功"},
    "refused, limit reached": {"en": "refused: limit reached", "zh": "拒绝：超过限购"},
    "refused, sold out": {"en": "refused: sold out", "zh": "拒绝：已售罄"},
    "refused, known to be sold out": {
        "en": "refused: known to be sold out",
        "zh": "拒绝：已知售罄",
    },
}


def word(key: str, lang: Lang, *values: object) -> str:
    """The words for `key`, with `values` in their places."""
    return WORDS[key][lang].format(*values)

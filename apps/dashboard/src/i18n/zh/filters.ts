export const filters = {
  wrong_other: '此链接中有 {{count}} 个筛选条件无效',
  nothingShown: '未列出任何内容，否则显示的结果将与链接的要求不符。',
  showWithout_other: '忽略并显示列表',
  drop: '移除',
  expected: {
    vodId: '应为 1 至 128 个字母、数字或符号，不含空格和逗号。',
    uuid: '应为形如 019a2b3c-4d5e-7f60-8123-456789abcdef 的 ID。',
    time: '应为形如 2026-11-22T09:00:00Z 的时间。',
    label: '应为“键:值”，例如 batch:2026-11。',
    text: '字符数过多。',
    state: '应为作业状态，例如 failed。',
    type: '应为作业类型，例如 AIVideoTag。',
    verdict: '应为判定结果，例如 unmatched。',
    known: '此处没有这个筛选条件。',
    once: '只能有一个值。',
    eachKeyOnce: '每个键只能出现一次：一个作业的每个键只有一个值。',
  },
};

export const bulk = {
  selectAll: '选择全部 {{number}} 个匹配的作业',
  selectNewest: '选择 {{number}} 个匹配作业中最新的 {{limit}} 个',
  collecting: '已收集 {{done}} / {{total}}',
  stop: '停止',
  failed: '未能收集匹配的作业',
  done_other: '{{number}} 个作业已完成。',
  movedOn_other: '{{number}} 个作业的状态已变化，保持不变。',
  notBegun_other: '{{number}} 个作业未开始。',
  more: '以及另外 {{number}} 个',
};

export const bulk = {
  selectAll: 'Select all {{number}} that match',
  selectNewest: 'Select the newest {{limit}} of {{number}} that match',
  collecting: '{{done}} of {{total}} collected',
  stop: 'Stop',
  failed: 'The matching jobs could not be collected',
  done_one: '{{number}} job done.',
  done_other: '{{number}} jobs done.',
  movedOn_one: '{{number}} job had changed meanwhile and stays as it is.',
  movedOn_other: '{{number}} jobs had changed meanwhile and stay as they are.',
  notBegun_one: '{{number}} job was not begun.',
  notBegun_other: '{{number}} jobs were not begun.',
  more: 'and {{number}} more',
};

export const job = { title: '作业' };

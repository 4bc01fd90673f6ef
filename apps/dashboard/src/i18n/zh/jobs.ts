export const jobs = { title: '作业' };

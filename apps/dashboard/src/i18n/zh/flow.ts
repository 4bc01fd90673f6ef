export const flow = { title: '流量' };

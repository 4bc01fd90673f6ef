export const events = { title: '事件通知', event: '事件通知' };

export const held = { title: '待人工处理' };

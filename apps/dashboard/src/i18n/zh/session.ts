export const session = {
  title: '登录',
  environment: '环境：{{name}}',
  expired: '密钥已失效。重新登录后将回到当前页面。',
  key: 'API 密钥',
  keyHint: 'API_KEYS 中某一项的密钥部分',
  showKey: '显示或隐藏密钥',
  refused: '未知的密钥。',
  stay: '在此设备上保持登录',
  stayHint: '否则关闭此标签页后密钥即被清除。',
  signIn: '登录',
  whereFrom: '请向服务的管理员索取密钥。',
};

export const session = {
  title: 'Sign in',
  environment: 'Environment: {{name}}',
  expired: 'Your key is no longer accepted. Sign in again; you come back to the same page.',
  key: 'API key',
  keyHint: 'The secret of one entry of API_KEYS',
  showKey: 'Show or hide the key',
  refused: 'The server does not know this key.',
  stay: 'Stay signed in on this device',
  stayHint: 'Otherwise the key is forgotten when this tab is closed.',
  signIn: 'Sign in',
  whereFrom: 'Whoever runs the service gives you a key.',
};

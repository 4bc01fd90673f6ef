export const session = {
  title: 'Sign in',
  environment: 'Environment: {{name}}',
  expired: 'Your key is no longer accepted. Sign in again to return to this page.',
  key: 'API key',
  keyHint: 'The secret of one entry of API_KEYS',
  showKey: 'Show or hide the key',
  refused: 'Unknown key.',
  stay: 'Stay signed in on this device',
  stayHint: 'Otherwise the key is forgotten when this tab closes.',
  signIn: 'Sign in',
  whereFrom: 'Ask whoever runs the service for a key.',
};

export * from './inputs';
export * from './answers';

export * from './inputs';
export * from './answers';
export * from './standing';

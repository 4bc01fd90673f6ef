export * from './inputs';
export * from './endpoints';
export * from './deliveries';
export * from './answers';
export * from './standing';

export { Emulator, type EmulatorOptions } from './emulator';
export { faultRule } from './faults';

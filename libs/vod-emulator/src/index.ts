export { seededChance, type Chance } from './chance';
export { Emulator, type EmulatorOptions } from './emulator';
export { faultRule } from './faults';
export { unlimited } from './operation-names';

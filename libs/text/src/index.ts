export { asWritten, inert, inertJson } from './formula';
export { printable, printableJson, printableLines } from './printable';

import { useEffect, useEffectEvent } from 'react';

/** By key, or by two keys one after the other: `{ '/': search, 'g j': toJobs }`. */
export type Shortcuts = Record<string, () => void>;

type Listener = (keys: string) => boolean;

/** Between the two keys of a sequence. */
const SEQUENCE_MS = 1_200;

const listeners = new Set<Listener>();
let before = { key: '', atMs: -Infinity };

/** Single letters are for the page only while nobody types, and while no dialog or menu is open. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const run = useEffectEvent((keys: string) => {
    shortcuts[keys]?.();
    return keys in shortcuts;
  });
  useEffect(() => {
    const listener: Listener = (keys) => run(keys);
    if (listeners.size === 0) window.addEventListener('keydown', hear);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) window.removeEventListener('keydown', hear);
    };
  }, []);
}

function hear(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isForAnother(event.target)) return;
  const isSequence = event.timeStamp - before.atMs < SEQUENCE_MS;
  const heard = (isSequence && offer(`${before.key} ${event.key}`)) || offer(event.key);
  before = { key: event.key, atMs: heard ? -Infinity : event.timeStamp };
  if (heard) event.preventDefault();
}

function offer(keys: string): boolean {
  return [...listeners].some((listener) => listener(keys));
}

function isForAnother(target: EventTarget | null): boolean {
  const others = 'input:not([type="checkbox"]), textarea, select, [role="dialog"], [role="menu"], [role="listbox"]';
  // Beside a dialog as well: the focus may have been lost to the page behind it.
  if (document.querySelector('[aria-modal="true"]')) return true;
  return target instanceof HTMLElement && (target.isContentEditable || target.closest(others) !== null);
}

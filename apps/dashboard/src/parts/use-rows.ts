import { useRef, type KeyboardEvent } from 'react';
import { useShortcuts } from '../shell/shortcuts';

/** Moves the focus over the rows (or the entries) inside an element: j and k from anywhere, the arrows from one of them. */
export function useRows<T extends HTMLElement>(rows: string) {
  const ref = useRef<T>(null);

  function move(by: number) {
    const all = [...(ref.current?.querySelectorAll<HTMLElement>(rows) ?? [])];
    const present = all.findIndex((row) => row.contains(document.activeElement));
    all[Math.min(Math.max(present + by, 0), all.length - 1)]?.focus();
  }

  function onKeyDown(event: KeyboardEvent) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    move(step);
  }

  useShortcuts({ j: () => move(1), k: () => move(-1) });
  return { ref, onKeyDown };
}

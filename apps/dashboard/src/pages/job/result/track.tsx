import { Tooltip } from '@mantine/core';
import { useRovingIndex } from '@mantine/hooks';
import { useState } from 'react';
import classes from './track.module.css';

/** Something at a place in a video; without a length it is a moment. */
export interface Mark {
  key: string;
  atMs: number;
  lengthMs?: number;
  /** Time and content, in the tooltip and for somebody who doesn't see the place. */
  text: string;
}

interface TrackProps {
  label: string;
  marks: Mark[];
  /** Of the axis. */
  lengthMs: number;
  tone?: 'ours' | 'theirs';
  /** Shown on this track because it is looked at on another one. */
  highlighted?: number | null;
  onLook?: (index: number | null) => void;
}

/** A line from the beginning of a video to its end with marks on it. One stop of the Tab key; the arrows go from mark to mark. */
export function Track({ label, marks, lengthMs, tone = 'ours', highlighted = null, onLook }: TrackProps) {
  const [looked, setLooked] = useState<{ index: number; element: HTMLElement } | null>(null);
  const { getItemProps } = useRovingIndex({ total: marks.length, orientation: 'horizontal', loop: false });
  const look = (next: typeof looked) => {
    setLooked(next);
    onLook?.(next?.index ?? null);
  };
  return (
    <ul className={classes['track']} aria-label={label} data-tone={tone}>
      {marks.map(({ key, atMs, lengthMs: forMs, text }, index) => (
        <li
          key={key}
          className={classes['place']}
          data-span={forMs !== undefined || undefined}
          style={{
            insetInlineStart: `${(100 * atMs) / lengthMs}%`,
            ...(forMs !== undefined && { inlineSize: `${(100 * forMs) / lengthMs}%` }),
          }}
        >
          <button
            type="button"
            className={classes['mark']}
            data-highlighted={highlighted === index || undefined}
            aria-label={text}
            {...getItemProps({ index })}
            onFocus={(event) => look({ index, element: event.currentTarget })}
            onBlur={() => look(null)}
            onMouseEnter={(event) => look({ index, element: event.currentTarget })}
            onMouseLeave={() => look(null)}
          />
        </li>
      ))}
      {/* One for the whole track: there may be hundreds of marks. */}
      {looked && <Tooltip opened label={marks[looked.index]?.text ?? ''} target={looked.element} />}
    </ul>
  );
}

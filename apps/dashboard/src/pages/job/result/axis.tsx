import { clock, ticksOf } from './result';
import classes from './track.module.css';

/** Under tracks of the same length. Each mark tells its own time, so this is for those who see it. */
export function Axis({ lengthMs }: { lengthMs: number }) {
  return (
    <div className={classes['axis']} aria-hidden>
      {ticksOf(lengthMs).map((tick) => (
        <span
          key={tick}
          className={classes['tick']}
          // A label may not stand out over the end.
          data-late={tick / lengthMs > 0.95 || undefined}
          style={{ insetInlineStart: `${(100 * tick) / lengthMs}%` }}
        >
          {clock(tick)}
        </span>
      ))}
    </div>
  );
}

import { IconChevronRight } from '@tabler/icons-react';
import { useCallback, useRef, useState, type ReactNode } from 'react';
import classes from './jobs.module.css';

/** Around a table that may be wider than its room: at the edge behind which more is hidden there is a sign of it. */
export function WideFrame({ children }: { children: ReactNode }) {
  const frame = useRef<HTMLDivElement>(null);
  const [hasMore, setHasMore] = useState(false);
  const look = useCallback(() => {
    const { scrollLeft, clientWidth, scrollWidth } = frame.current ?? { scrollLeft: 0, clientWidth: 0, scrollWidth: 0 };
    setHasMore(scrollLeft + clientWidth < scrollWidth - 1);
  }, []);
  const watch = useCallback(
    (element: HTMLDivElement | null) => {
      frame.current = element;
      if (!element) return;
      const observer = new ResizeObserver(look);
      observer.observe(element);
      if (element.firstElementChild) observer.observe(element.firstElementChild);
      return () => observer.disconnect();
    },
    [look],
  );
  return (
    <div className={classes['wide']} data-more={hasMore || undefined}>
      <div ref={watch} className={classes['frame']} onScroll={look}>
        {children}
      </div>
      <span className={classes['more']} aria-hidden>
        <IconChevronRight size={18} />
      </span>
    </div>
  );
}

import { useEffect, useSyncExternalStore, type ComponentType } from 'react';
import { Unreachable } from '@app/client';
import { ErrorNotice, StaleNotice } from '../parts/error-notice';
import { Loading } from '../parts/loading';
import { chunk } from './chunk';

interface Named {
  /** Of the chunk: see `vodai.reloaded-for` in chunk.ts. */
  name: string;
  /** In rem/16: as high as what comes, roughly. */
  height: number;
}

/**
 * A component in a chunk of its own. Unlike React's own `lazy` it doesn't remember a failure: it says what is wrong, and shows itself
 * as soon as the chunk has come. The router calls `preload` when somebody is about to go there.
 */
export function lazyPart<P extends object>({ name, height }: Named, load: () => Promise<ComponentType<P>>) {
  const part = chunk(name, load);
  function Part(props: P) {
    const Loaded = useSyncExternalStore(part.subscribe, part.value);
    const trouble = useSyncExternalStore(part.subscribe, part.whatIsWrong);
    useEffect(() => {
      if (!Loaded) void part.want();
    }, [Loaded]);
    if (Loaded) return <Loaded {...props} />;
    if (trouble === 'away') return <ErrorNotice error={new Unreachable()} onRetry={() => void part.preload()} />;
    if (trouble === 'gone') return <StaleNotice />;
    return <Loading h={height} />;
  }
  return Object.assign(Part, { preload: part.preload });
}

import { Center, Loader } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { createContext, use, useCallback, useEffect, useMemo, useState, type ReactNode } from 'react';
import { ApiError, createClient, Unreachable, type Client } from '@app/client';
import type { MeAnswer, SessionAnswer } from '@app/contract';
import { ErrorNotice } from '../parts/error-notice';
import { EnvironmentContext } from './environment';
import { forgetKey, rememberedKey, rememberKey } from './key';
import { SignInPage } from './sign-in-page';

interface Session {
  me: MeAnswer;
  api: Client;
  signOut: () => void;
}

type State =
  | { now: 'starting' }
  | { now: 'unreachable'; error: unknown }
  | { now: 'signed out'; because?: 'expired' }
  | { now: 'signed in'; me: MeAnswer; api: Client };

const SessionContext = createContext<Session | null>(null);

/**
 * Shows what is inside only to somebody who is signed in, and the sign-in page instead to everybody else. The URL stays as it
 * is, so after signing in one is where one wanted to be.
 */
export function SessionProvider({ children }: { children: ReactNode }) {
  const queryClient = useQueryClient();
  const [state, setState] = useState<State>({ now: 'starting' });
  const [environment, setEnvironment] = useState<SessionAnswer['environment']>();

  const start = useCallback(() => void firstState((session) => setEnvironment(session.environment)).then(setState), []);
  useEffect(start, [start]);

  const leave = useCallback(
    (because?: 'expired') => {
      forgetKey();
      queryClient.clear();
      setState({ now: 'signed out', ...(because && { because }) });
    },
    [queryClient],
  );

  // A key that stops to be valid shows wherever the next answer comes from.
  useEffect(() => {
    const leaveOn401 = (error: unknown) => {
      if (error instanceof ApiError && error.status === 401) leave('expired');
    };
    const stopQueries = queryClient.getQueryCache().subscribe(({ query }) => leaveOn401(query.state.error));
    const stopMutations = queryClient.getMutationCache().subscribe(({ mutation }) => leaveOn401(mutation?.state.error));
    return () => {
      stopQueries();
      stopMutations();
    };
  }, [queryClient, leave]);

  const session = useMemo(
    () => (state.now === 'signed in' ? { me: state.me, api: state.api, signOut: () => leave() } : null),
    [state, leave],
  );

  return <EnvironmentContext value={environment ?? null}>{content()}</EnvironmentContext>;

  function content(): ReactNode {
    switch (state.now) {
      case 'starting':
        return (
          <Center mih="100vh">
            <Loader aria-label="…" />
          </Center>
        );
      case 'unreachable':
        return (
          <Center mih="100vh" p="md">
            <ErrorNotice error={state.error} onRetry={start} />
          </Center>
        );
      case 'signed out':
        return (
          <SignInPage
            expired={state.because === 'expired'}
            onSignIn={async (key, stay) => {
              const signedIn = await enter(key);
              rememberKey(key, stay);
              setState(signedIn);
            }}
          />
        );
      case 'signed in':
        return <SessionContext value={session}>{children}</SessionContext>;
    }
  }
}

/** Who is signed in, and the API in their name. */
export function useSession(): Session {
  const session = use(SessionContext);
  if (!session) throw new Error('useSession is for what is inside SessionProvider');
  return session;
}

export function useApi(): Client {
  return useSession().api;
}

/** With the key this browser remembers; else, on the machine of a local instance, with the key that it hands out. */
async function firstState(onSession: (session: SessionAnswer) => void): Promise<State> {
  try {
    const session = await sessionAnswer();
    onSession(session);
    const remembered = rememberedKey();
    if (remembered !== null) {
      const state = await enterUnlessRefused(remembered);
      if (state) return state;
      forgetKey();
    }
    return (session.apiKey !== null && (await enterUnlessRefused(session.apiKey))) || { now: 'signed out' };
  } catch (error) {
    return { now: 'unreachable', error };
  }
}

async function enter(key: string): Promise<State> {
  const api = createClient({ baseUrl: document.baseURI, key });
  return { now: 'signed in', me: await api.me(), api };
}

async function enterUnlessRefused(key: string): Promise<State | null> {
  try {
    return await enter(key);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

async function sessionAnswer(): Promise<SessionAnswer> {
  const response = await fetch(new URL('session.json', document.baseURI)).catch((cause: unknown) => {
    throw new Unreachable('session.json does not come', { cause });
  });
  return response.ok ? ((await response.json()) as SessionAnswer) : { apiKey: null };
}

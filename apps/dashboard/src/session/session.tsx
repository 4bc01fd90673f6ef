import { Center, Loader } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { createContext, use, useCallback, useEffect, useMemo, useState, type ReactNode } from 'react';
import { ApiError, createClient, Unreachable, type Client } from '@app/client';
import type { MeAnswer, SessionAnswer } from '@app/contract';
import { ErrorNotice } from '../parts/error-notice';
import { EnvironmentContext } from './environment';
import { forgetKey, rememberedKey, rememberKey } from './key';
import { SignInPage, type SignedOutBecause } from './sign-in-page';

interface Session {
  me: MeAnswer;
  api: Client;
  signOut: () => void;
}

type State =
  | { now: 'starting' }
  | { now: 'unreachable'; error: unknown }
  | { now: 'signed out'; because?: SignedOutBecause | undefined }
  | { now: 'signed in'; by: 'key' | 'link'; me: MeAnswer; api: Client };

const SessionContext = createContext<Session | null>(null);

/**
 * Shows what is inside only to somebody who is signed in, and the sign-in page instead to everybody else. The URL stays as it
 * is, so after signing in one is where one wanted to be.
 */
export function SessionProvider({ children }: { children: ReactNode }) {
  const queryClient = useQueryClient();
  const [state, setState] = useState<State>({ now: 'starting' });
  const [answer, setAnswer] = useState<SessionAnswer>(NOTHING_KNOWN);

  const start = useCallback(() => void firstState(setAnswer).then(setState), []);
  useEffect(start, [start]);

  const leave = useCallback(
    (why: 'asked' | 'refused') => {
      forgetKey();
      queryClient.clear();
      setState((last) => {
        if (last.now !== 'signed in') return last; // several queries were refused
        if (why === 'asked') return { now: 'signed out' };
        return { now: 'signed out', because: last.by === 'link' ? 'ended' : 'expired' };
      });
    },
    [queryClient],
  );

  // A key or a session that stops to be valid shows wherever the next answer comes from.
  useEffect(() => {
    const leaveOn401 = (error: unknown) => {
      if (error instanceof ApiError && error.status === 401) leave('refused');
    };
    const stopQueries = queryClient.getQueryCache().subscribe(({ query }) => leaveOn401(query.state.error));
    const stopMutations = queryClient.getMutationCache().subscribe(({ mutation }) => leaveOn401(mutation?.state.error));
    return () => {
      stopQueries();
      stopMutations();
    };
  }, [queryClient, leave]);

  const session = useMemo(() => {
    if (state.now !== 'signed in') return null;
    const { me, api, by } = state;
    const signOut = async () => {
      // An instance that does not answer is gone, and its sessions with it.
      if (by === 'link') await api.endSession().catch(() => {});
      leave('asked');
    };
    return { me, api, signOut: () => void signOut() };
  }, [state, leave]);

  return <EnvironmentContext value={answer.environment ?? null}>{content()}</EnvironmentContext>;

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
            because={state.because}
            hasLinks={answer.hasLinks}
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

const NOTHING_KNOWN: SessionAnswer = { signedIn: false, hasLinks: false };

/** By the session of a link that was followed; else with the key this browser remembers. */
async function firstState(onAnswer: (answer: SessionAnswer) => void): Promise<State> {
  try {
    const answer = await sessionAnswer();
    onAnswer(answer);
    const isLinkOver = takeLinkOver();
    const signedIn = answer.signedIn ? await enterUnlessRefused() : null;
    if (signedIn) return signedIn;
    const remembered = rememberedKey();
    if (remembered !== null) {
      const state = await enterUnlessRefused(remembered);
      if (state) return state;
      forgetKey();
    }
    return { now: 'signed out', because: isLinkOver ? 'link over' : undefined };
  } catch (error) {
    return { now: 'unreachable', error };
  }
}

/** Without a key, in the session whose cookie this browser has. */
async function enter(key?: string): Promise<State> {
  const api = createClient({ baseUrl: document.baseURI, key });
  return { now: 'signed in', by: key === undefined ? 'link' : 'key', me: await api.me(), api };
}

async function enterUnlessRefused(key?: string): Promise<State | null> {
  try {
    return await enter(key);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

/** Whether a link led here that opens nothing any more. Said once: the address forgets it. */
function takeLinkOver(): boolean {
  if (location.hash !== '#link-over') return false;
  history.replaceState(history.state, '', `${location.pathname}${location.search}`);
  return true;
}

async function sessionAnswer(): Promise<SessionAnswer> {
  const response = await fetch(new URL('session.json', document.baseURI)).catch((cause: unknown) => {
    throw new Unreachable('session.json does not come', { cause });
  });
  return response.ok ? ((await response.json()) as SessionAnswer) : NOTHING_KNOWN;
}

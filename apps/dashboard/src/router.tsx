/**
 * Every page of the dashboard. To add one:
 *
 * 1. The page: `src/pages/<name>/<name>-page.tsx` exports a component that renders `<Page title={…}>` (parts/page.tsx: title of
 *    the tab, heading, focus). `lazyPart` puts it into a chunk of its own: the first screen
 *    waits only for what it needs, the rest is loaded while nothing else is to be done.
 * 2. Its route below, and its path into the list of the api that answers index.html (apps/api/src/dashboard.ts). Search
 *    parameters arrive as strings, or as arrays of strings when they are repeated, exactly as the API takes them. Name
 *    those of the page in `validateSearch` (see pages/jobs/search.ts); the others leave the URL.
 * 3. Navigation: an entry in shell/navigation.ts (with its `g` key).
 * 4. Strings: `src/i18n/en/<name>.ts` and `src/i18n/zh/<name>.ts`, named in the `index.ts` beside them. `useTranslation('<name>')`
 *    knows the keys; a test compares both languages.
 * 5. Data: a query in api/queries.ts, read with `useQuery(jobQuery(useApi(), id))`. `useLive(filter)` (live/live.tsx) opens the
 *    page's one stream and keeps the cached jobs and counts fresh; its second argument hears of the changes.
 * 6. Shared parts are in src/parts (state badge, ids, times, errors, empty states); actions with their dialog in src/actions.
 */
import { createRootRoute, createRoute, createRouter, redirect } from '@tanstack/react-router';
import { lazyPart } from './chunks/lazy-part';
import { eventsParams } from './pages/events/search';
import { flowSearch } from './pages/flow/search';
import { heldSearch } from './pages/held/search';
import { JobsPage } from './pages/jobs/jobs-page';
import { jobsParams } from './pages/jobs/search';
import { BrokenPage } from './parts/broken-page';
import { NotFoundPage } from './parts/not-found-page';
import { parseSearch, stringifySearch } from './search-params';
import { Shell } from './shell/shell';

const root = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage });

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: ({ search }) => {
    redirect({ to: '/jobs', search: jobsParams(search), replace: true, throw: true });
  },
});

const jobs = createRoute({
  getParentRoute: () => root,
  path: '/jobs',
  validateSearch: jobsParams,
  component: JobsPage,
});

const job = createRoute({
  getParentRoute: () => root,
  path: '/jobs/$jobId',
  component: lazyPart({ name: 'job', height: 240 }, async () => (await import('./pages/job/job-page')).JobPage),
});

const held = createRoute({
  getParentRoute: () => root,
  path: '/held',
  validateSearch: heldSearch,
  component: lazyPart({ name: 'held', height: 320 }, async () => (await import('./pages/held/held-page')).HeldPage),
});

const events = createRoute({
  getParentRoute: () => root,
  path: '/events',
  validateSearch: eventsParams,
  component: lazyPart(
    { name: 'events', height: 320 },
    async () => (await import('./pages/events/events-page')).EventsPage,
  ),
});

const event = createRoute({
  getParentRoute: () => root,
  path: '/events/$eventId',
  component: lazyPart(
    { name: 'event', height: 240 },
    async () => (await import('./pages/events/event-page')).EventPage,
  ),
});

const flow = createRoute({
  getParentRoute: () => root,
  path: '/flow',
  validateSearch: flowSearch,
  component: lazyPart({ name: 'flow', height: 320 }, async () => (await import('./pages/flow/flow-page')).FlowPage),
});

const submit = createRoute({
  getParentRoute: () => root,
  path: '/submit',
  component: lazyPart(
    { name: 'submit', height: 320 },
    async () => (await import('./pages/submit/submit-page')).SubmitPage,
  ),
});

export const router = createRouter({
  routeTree: root.addChildren([home, jobs, job, held, events, event, flow, submit]),
  basepath: new URL(document.baseURI).pathname,
  parseSearch,
  stringifySearch,
  // What a route doesn't know leaves the URL.
  search: { strict: true },
  defaultErrorComponent: BrokenPage,
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

import { SegmentedControl, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { FlowAnswer } from '@app/contract';
import { flowQuery } from '../../api/queries';
import { lazyPart } from '../../chunks/lazy-part';
import { useFormat } from '../../i18n/format';
import { ErrorNotice } from '../../parts/error-notice';
import { Loading } from '../../parts/loading';
import { Page } from '../../parts/page';
import { RelativeTime } from '../../parts/time';
import { useApi } from '../../session/session';
import { Figure } from './figure';
import classes from './flow.module.css';
import type { FlowWindow } from './search';
import { busiest, endedIn, isQuiet, pointsOf, shareWithoutEvent } from './series';
import { Processes } from './processes';
import { Obstacles, Standing } from './standing';

const ThroughputChart = lazyPart(
  { name: 'throughput-chart', height: 240 },
  async () => (await import('./charts')).ThroughputChart,
);
const TimesChart = lazyPart({ name: 'times-chart', height: 240 }, async () => (await import('./charts')).TimesChart);

const route = getRouteApi('/flow');

/** How much flows, how long it takes, what stands where, and what holds it up. */
export function FlowPage() {
  const { t } = useTranslation('flow');
  const { window = '1h' } = route.useSearch();
  const navigate = route.useNavigate();
  const { data: flow, error, refetch } = useQuery(flowQuery(useApi(), window));
  return (
    <Page
      title={t('title')}
      actions={
        <SegmentedControl
          size="xs"
          aria-label={t('window')}
          value={window}
          onChange={(next: FlowWindow) => void navigate({ search: { window: next }, replace: true })}
          data={[
            { value: '1h', label: t('windows.1h') },
            { value: '24h', label: t('windows.24h') },
          ]}
        />
      }
    >
      <Stack gap="md" className={classes['flow'] ?? ''}>
        {error && <ErrorNotice error={error} onRetry={() => void refetch()} />}
        {!flow && !error && <Loading h={320} />}
        {flow && (
          <>
            <Tiles flow={flow} />
            <Obstacles flow={flow} />
            <Charts flow={flow} window={window} />
            <Standing flow={flow} />
          </>
        )}
        <Processes />
      </Stack>
    </Page>
  );
}

function Tiles({ flow: { total, late } }: { flow: FlowAnswer }) {
  const { t } = useTranslation('flow');
  const format = useFormat();
  const share = shareWithoutEvent(total);
  const [oldest] = late.map(({ dueAt }) => dueAt).toSorted();
  const tiles: { name: string; means?: string; value: ReactNode }[] = [
    { name: t('accepted'), value: format.number(total.accepted) },
    { name: t('succeeded'), value: format.number(total.succeeded) },
    { name: t('failed'), value: format.number(total.failed) },
    { name: t('withoutEvent'), means: t('withoutEventMeans'), value: share === null ? '–' : format.percent(share) },
    {
      name: t('late'),
      means: t('lateMeans'),
      value: oldest === undefined ? t('lateNone') : <RelativeTime at={oldest} />,
    },
  ];
  return (
    <dl className={classes['tiles']}>
      {tiles.map(({ name, means, value }) => (
        <div key={name} className={classes['tile']} title={means}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Charts({ flow, window }: { flow: FlowAnswer; window: FlowWindow }) {
  const { t } = useTranslation('flow');
  const format = useFormat();
  const points = pointsOf(flow);
  const { total } = flow;
  const during = t(`windows.${window}`);
  const time = { name: t('from'), of: ({ at }: (typeof points)[number]) => format.hourMinute(at) };
  const duration = (ms: number | null) => (ms === null ? '–' : format.duration(ms));
  const peak = busiest(points);
  const said = (percentiles: FlowAnswer['total']['waitMs']) =>
    percentiles
      ? t('timesSummary', { p50: format.duration(percentiles.p50), p95: format.duration(percentiles.p95), during })
      : t('nothingEnded', { during });

  return (
    <>
      <Figure
        title={t('throughput')}
        summary={
          isQuiet(flow)
            ? t('quiet', { during })
            : [
                t('throughputSummary', {
                  accepted: format.number(total.accepted),
                  succeeded: format.number(total.succeeded),
                  failed: format.number(total.failed),
                  during,
                }),
                peak && t('peak', { time: format.hourMinute(peak.at), ended: format.number(endedIn(peak)) }),
              ]
                .filter((sentence) => sentence !== null)
                .join(' ')
        }
        points={points}
        columns={[
          time,
          { name: t('accepted'), of: (point) => format.number(point.accepted) },
          { name: t('succeeded'), of: (point) => format.number(point.succeeded) },
          { name: t('failed'), of: (point) => format.number(point.failed) },
          { name: t('otherwise'), of: (point) => format.number(point.otherwise) },
        ]}
      >
        <ThroughputChart points={points} timeOf={format.hourMinute} />
      </Figure>
      <div className={classes['pair']}>
        <Figure
          title={t('waiting')}
          summary={said(total.waitMs)}
          points={points}
          columns={[
            time,
            { name: t('median'), of: ({ waitP50 }) => duration(waitP50) },
            { name: t('p95'), of: ({ waitP95 }) => duration(waitP95) },
          ]}
        >
          <TimesChart points={points} timeOf={format.hourMinute} of="wait" />
        </Figure>
        <Figure
          title={t('processing')}
          summary={said(total.processingMs)}
          points={points}
          columns={[
            time,
            { name: t('median'), of: ({ processingP50 }) => duration(processingP50) },
            { name: t('p95'), of: ({ processingP95 }) => duration(processingP95) },
          ]}
        >
          <TimesChart points={points} timeOf={format.hourMinute} of="processing" />
        </Figure>
      </div>
    </>
  );
}

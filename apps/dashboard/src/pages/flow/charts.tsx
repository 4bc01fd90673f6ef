import '@mantine/charts/styles.css';
import { CompositeChart, LineChart } from '@mantine/charts';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { endedIn, type Point } from './series';
import { clockTicks, countTicks, durationTicks } from './ticks';

/** In a chunk of its own: the library of the charts is larger than all the rest of the page. */

interface ChartProps {
  points: Point[];
  /** How a time is written on the axis. */
  timeOf: (at: string) => string;
  bucketMs: number;
}

const height = 240;

/** What they have in common. Values are told apart by form as well: bars and a line, whole and dashed. */
const common = {
  h: height,
  dataKey: 'at',
  withLegend: true,
  legendProps: { verticalAlign: 'bottom' as const, itemSorter: null },
  gridAxis: 'x' as const,
  tickLine: 'none' as const,
  textColor: 'dimmed',
};

/** Round times, and the exact one in the tooltip. */
function useTimes({ points, timeOf }: Pick<ChartProps, 'points' | 'timeOf'>) {
  const format = useFormat();
  const ticks = clockTicks(
    points.map(({ at }) => at),
    format.offset,
  );
  return {
    xAxisProps: { tickFormatter: timeOf, ticks, minTickGap: 8 },
    tooltipProps: { labelFormatter: (at: unknown) => (typeof at === 'string' ? format.dateTime(at) : null) },
  };
}

/** `ticks` from 0 to the last one. */
function axis(ticks: number[]) {
  return { ticks, domain: [0, ticks.at(-1) ?? 1] };
}

export function ThroughputChart({ points, timeOf, bucketMs }: ChartProps) {
  const { t } = useTranslation('flow');
  const format = useFormat();
  const times = useTimes({ points, timeOf });
  const time = format.duration(bucketMs);
  return (
    <CompositeChart
      {...common}
      data={points}
      {...times}
      yAxisLabel={t('endedPer', { time })}
      yAxisProps={{ ...axis(countTicks(Math.max(...points.map(endedIn)))), width: 52 }}
      withRightYAxis
      rightYAxisLabel={t('acceptedPer', { time })}
      rightYAxisProps={{ ...axis(countTicks(Math.max(...points.map(({ accepted }) => accepted)))), width: 72 }}
      valueFormatter={format.number}
      maxBarWidth={24}
      withDots={false}
      curveType="linear"
      barProps={{ stackId: 'ended', isAnimationActive: false }}
      lineProps={{ isAnimationActive: false }}
      series={[
        { name: 'succeeded', label: t('succeeded'), color: 'var(--flow-succeeded)', type: 'bar' },
        { name: 'failed', label: t('failed'), color: 'var(--flow-failed)', type: 'bar' },
        { name: 'otherwise', label: t('otherwise'), color: 'var(--flow-otherwise)', type: 'bar' },
        {
          name: 'accepted',
          label: t('accepted'),
          color: 'var(--flow-accepted)',
          type: 'line',
          strokeDasharray: '4 3',
          yAxisId: 'right',
        },
      ]}
    />
  );
}

export function TimesChart({ points, timeOf, of }: Omit<ChartProps, 'bucketMs'> & { of: 'wait' | 'processing' }) {
  const { t } = useTranslation('flow');
  const format = useFormat();
  const times = useTimes({ points, timeOf });
  const longest = Math.max(...points.map((point) => point[`${of}P95`] ?? 0));
  return (
    <LineChart
      {...common}
      data={points}
      {...times}
      yAxisProps={{ ...axis(durationTicks(longest)), width: 72 }}
      valueFormatter={(ms) => format.duration(ms)}
      connectNulls={false}
      curveType="linear"
      dotProps={{ r: 2.5 }}
      lineProps={{ isAnimationActive: false }}
      series={[
        { name: `${of}P50`, label: t('median'), color: 'var(--flow-succeeded)' },
        { name: `${of}P95`, label: t('p95'), color: 'var(--flow-failed)', strokeDasharray: '5 4' },
      ]}
    />
  );
}

import '@mantine/charts/styles.css';
import { CompositeChart, LineChart } from '@mantine/charts';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import type { Point } from './series';

/** In a chunk of its own: the library of the charts is larger than all the rest of the page. */

interface ChartProps {
  points: Point[];
  /** How a time is written on the axis. */
  timeOf: (at: string) => string;
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

export function ThroughputChart({ points, timeOf }: ChartProps) {
  const { t } = useTranslation('flow');
  const format = useFormat();
  return (
    <CompositeChart
      {...common}
      data={points}
      xAxisProps={{ tickFormatter: timeOf, minTickGap: 40 }}
      yAxisProps={{ allowDecimals: false, width: 44 }}
      tooltipProps={{ labelFormatter: (at) => (typeof at === 'string' ? timeOf(at) : null) }}
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
        { name: 'accepted', label: t('accepted'), color: 'var(--flow-accepted)', type: 'line', strokeDasharray: '4 3' },
      ]}
    />
  );
}

export function TimesChart({ points, timeOf, of }: ChartProps & { of: 'wait' | 'processing' }) {
  const { t } = useTranslation('flow');
  const format = useFormat();
  return (
    <LineChart
      {...common}
      data={points}
      xAxisProps={{ tickFormatter: timeOf, minTickGap: 40 }}
      yAxisProps={{ width: 104 }}
      tooltipProps={{ labelFormatter: (at) => (typeof at === 'string' ? timeOf(at) : null) }}
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

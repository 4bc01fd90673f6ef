import { Alert, Button, Group, Menu, Stack } from '@mantine/core';
import { useHover, useInViewport, useLocalStorage } from '@mantine/hooks';
import { IconAlertTriangle, IconArrowUp, IconColumns3, IconFilterX, IconSend } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { RowSelectionState } from '@tanstack/react-table';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { JobAnswer } from '@app/contract';
import { ActionDialog, type ActionRequest } from '../../actions/action-dialog';
import { useMayAct } from '../../actions/job-actions';
import { statsQuery } from '../../api/queries';
import { WrongFilters } from '../../filters/wrong-filters';
import { useSaid } from '../../i18n/use-said';
import { ErrorNotice } from '../../parts/error-notice';
import { Loading } from '../../parts/loading';
import { NothingHere } from '../../parts/nothing-here';
import { Page } from '../../parts/page';
import { useApi } from '../../session/session';
import { BatchProgress } from './batch-progress';
import { columnIds, firstColumns } from './columns';
import { ExportMenu } from './export-menu';
import { ActiveFilters, FilterButton, useFilterName } from './filters';
import { FirstStart } from './first-start';
import { JobsTable } from './jobs-table';
import classes from './jobs.module.css';
import { Pager } from './pager';
import { filterOf, jobsParams, jobsSearch, type JobsFilter, type JobsSearch } from './search';
import { LookedForLine } from './looked-for-line';
import { SelectMatching } from './select-matching';
import { SelectionBar } from './selection-bar';
import { StateCounts } from './state-counts';
import { FRESH_MAX, useJobsList } from './use-jobs-list';

const route = getRouteApi('/jobs');

export function JobsPage() {
  const { t } = useTranslation('jobs');
  const params = { ...route.useSearch() };
  const navigate = route.useNavigate();
  const nameOf = useFilterName();
  const { search, wrong } = jobsSearch(params);
  if (wrong.length === 0) return <JobsList search={search} />;
  const go = (next: JobsSearch) => void navigate({ search: next });
  return (
    <Page title={t('title')}>
      <Stack gap="sm" align="flex-start">
        <FilterButton filter={params} onChange={go} />
        <WrongFilters wrong={wrong} params={params} nameOf={nameOf} onChange={(next) => go(jobsParams(next))} />
      </Stack>
    </Page>
  );
}

function JobsList({ search }: { search: JobsSearch }) {
  const { t } = useTranslation('jobs');
  const navigate = route.useNavigate();
  const filter = filterOf(search);
  const view = JSON.stringify(search);
  const mayAct = useMayAct();
  const [pageSize, setPageSize] = useLocalStorage({
    key: 'vodai.jobs.rows',
    defaultValue: '50',
    getInitialValueInEffect: false,
  });
  const [visible, setVisible] = useLocalStorage({
    key: 'vodai.jobs.columns',
    defaultValue: firstColumns,
    getInitialValueInEffect: false,
  });
  const [selected, setSelected] = useState<{ view: string; rows: RowSelectionState }>({ view, rows: {} });
  const selection = selected.view === view ? selected.rows : {};
  // More than the rows of this page, as they were when they were collected.
  const [matching, setMatching] = useState<{ view: string; jobs: JobAnswer[] } | null>(null);
  const collected = matching?.view === view ? matching.jobs : null;
  const { ref: top, inViewport: atTop } = useInViewport();
  const { ref: hoverRef, hovered } = useHover<HTMLTableSectionElement>();

  // Here and not in the bar of the selection: what is under way stays on screen when its rows leave the list.
  const [asked, setAsked] = useState<ActionRequest | null>(null);

  const isRead = !atTop || hovered || asked !== null;
  const list = useJobsList(search, Number(pageSize), { isRead, selection });
  const { data: isFirstStart } = useQuery({ ...statsQuery(useApi()), select: ({ jobs }) => jobs.total === 0 });

  const go = (next: JobsSearch) => void navigate({ search: next });
  const narrow = (next: JobsFilter) => go(next);
  const select = (rows: RowSelectionState) => {
    setSelected({ view, rows });
    setMatching(null);
  };
  const clearSelection = () => select({});
  const chosenRows = list.items.filter(({ id }) => selection[id]);
  const chosenJobs = collected ?? chosenRows;

  return (
    <Page
      title={t('title')}
      actions={
        <Group gap="xs">
          <ExportMenu filter={filter} />
          {mayAct && (
            <Button
              size="xs"
              leftSection={<IconSend size={16} aria-hidden />}
              renderRoot={(props) => <Link {...props} to="/submit" />}
            >
              {t('submit')}
            </Button>
          )}
        </Group>
      }
    >
      <Stack gap="sm">
        <div ref={top}>
          <StateCounts filter={filter} onChoose={(state) => narrow({ ...filter, state })} />
        </div>
        <BatchProgress filter={filter} />
        <Circuits />
        <Group gap="xs">
          <FilterButton filter={filter} onChange={narrow} />
          <ActiveFilters filter={filter} onChange={narrow} />
          <Group gap="xs" ml="auto">
            <ColumnMenu visible={visible} onChange={setVisible} />
          </Group>
        </Group>

        {search.q !== undefined && <LookedForLine q={search.q} />}

        <div className={classes['fresh']} aria-live="polite">
          {list.freshCount > 0 && (
            <Button
              size="xs"
              radius="xl"
              leftSection={<IconArrowUp size={16} aria-hidden />}
              onClick={() => {
                clearSelection();
                window.scrollTo({ top: 0 });
                if (search.cursor) go(filter);
                else list.showFresh();
              }}
            >
              {list.freshCount < FRESH_MAX
                ? t('fresh', { count: list.freshCount })
                : t('freshMany', { count: FRESH_MAX })}
            </Button>
          )}
        </div>
        <Rows
          list={list}
          isFirstStart={isFirstStart === true && Object.keys(filter).length === 0}
          onClearFilters={() => go({})}
        >
          <JobsTable
            jobs={list.items}
            visible={visible}
            selection={
              mayAct
                ? {
                    chosen: selection,
                    onChange: select,
                  }
                : null
            }
            hasLeft={list.hasLeft}
            hoverRef={hoverRef}
          />
        </Rows>

        <Pager
          search={search}
          shown={list.items.length}
          nextCursor={list.nextCursor}
          pageSize={pageSize}
          onPageSize={setPageSize}
        />
      </Stack>
      {chosenJobs.length > 0 && (
        <SelectionBar
          jobs={chosenJobs}
          offer={
            !collected &&
            chosenRows.length === list.items.length && (
              <SelectMatching
                key={view}
                filter={filter}
                selected={chosenRows.length}
                onCollected={(jobs) => setMatching({ view, jobs })}
              />
            )
          }
          onAsk={setAsked}
          onClear={clearSelection}
        />
      )}
      {asked && <ActionDialog {...asked} onClose={() => setAsked(null)} onDone={clearSelection} />}
    </Page>
  );
}

interface RowsProps {
  list: ReturnType<typeof useJobsList>;
  isFirstStart: boolean;
  onClearFilters: () => void;
  children: React.ReactNode;
}

/** The table, or what stands in its place. */
function Rows({ list: { query, items }, isFirstStart, onClearFilters, children }: RowsProps) {
  const { t } = useTranslation('jobs');
  if (query.error && !query.data) return <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <Loading h={320} />;
  if (items.length > 0) return children;
  if (isFirstStart) return <FirstStart />;
  return (
    <NothingHere icon={IconFilterX} title={t('empty.filtered')} text={t('empty.filteredText')}>
      <Button variant="default" onClick={onClearFilters}>
        {t('filters.clear')}
      </Button>
    </NothingHere>
  );
}

/** Regions in which nothing can be submitted: why jobs wait there. */
function Circuits() {
  const { t } = useTranslation('jobs');
  const said = useSaid();
  const { data: circuits = [] } = useQuery({ ...statsQuery(useApi()), select: (stats) => stats.circuits });
  return circuits.map(({ region, code, message }) => (
    <Alert key={region} color="red" icon={<IconAlertTriangle />} title={t('circuit', { region, code })}>
      {said(message)}
    </Alert>
  ));
}

interface ColumnMenuProps {
  visible: Record<string, boolean>;
  onChange: (visible: typeof firstColumns) => void;
}

function ColumnMenu({ visible, onChange }: ColumnMenuProps) {
  const { t } = useTranslation(['jobs', 'common']);
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button size="xs" variant="default" leftSection={<IconColumns3 size={16} aria-hidden />}>
          {t('columns')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {columnIds.map((id) => (
          <Menu.CheckboxItem
            key={id}
            checked={visible[id] !== false}
            onChange={(checked) => onChange({ ...firstColumns, ...visible, [id]: checked })}
          >
            {t(`common:fields.${id}`)}
          </Menu.CheckboxItem>
        ))}
        <Menu.Divider />
        <Menu.Item onClick={() => onChange(firstColumns)}>{t('columnsReset')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

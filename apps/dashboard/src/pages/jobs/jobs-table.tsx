import { Checkbox, Table } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import {
  FlexRender,
  useTable,
  type ColumnVisibilityState,
  type Row,
  type RowSelectionState,
} from '@tanstack/react-table';
import { useNavigate } from '@tanstack/react-router';
import { memo, useRef, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { JobAnswer } from '@app/contract';
import { useShortcuts } from '../../shell/shortcuts';
import { columns, features, type ColumnId } from './columns';
import classes from './jobs.module.css';

/** Actions are for so many at once. */
const SELECTION_MAX = 200;

interface JobsTableProps {
  jobs: JobAnswer[];
  visible: ColumnVisibilityState;
  /** null: this person may select nothing. */
  selection: { chosen: RowSelectionState; onChange: (chosen: RowSelectionState) => void } | null;
  hasLeft: (job: JobAnswer) => boolean;
  onBusy: (busy: boolean) => void;
}

const noSelection: RowSelectionState = {};

export function JobsTable({ jobs, visible, selection, hasLeft, onBusy }: JobsTableProps) {
  const { t } = useTranslation(['jobs', 'common']);
  const navigate = useNavigate();
  const body = useRef<HTMLTableSectionElement>(null);
  const chosen = selection?.chosen ?? noSelection;
  const table = useTable({
    features,
    columns,
    data: jobs,
    getRowId: (job) => job.id,
    enableRowSelection: selection !== null,
    state: { columnVisibility: visible, rowSelection: chosen },
    onRowSelectionChange: (next) => select(typeof next === 'function' ? next(chosen) : next),
  });
  const { rows } = table.getRowModel();
  const chosenCount = Object.keys(chosen).length;

  const open = (id: string) => void navigate({ to: '/jobs/$jobId', params: { jobId: id } });

  function move(by: number) {
    const all = [...(body.current?.rows ?? [])];
    const present = all.findIndex((row) => row.contains(document.activeElement));
    all[Math.min(Math.max(present + by, 0), all.length - 1)]?.focus();
  }

  function toggle() {
    const id = (document.activeElement as HTMLElement | null)?.closest('tr')?.dataset['job'];
    if (selection && id) table.getRow(id).toggleSelected();
  }

  function toggleAll() {
    select(chosenCount > 0 ? {} : Object.fromEntries(rows.map(({ id }) => [id, true])));
  }

  function select(next: RowSelectionState) {
    const ids = Object.keys(next);
    if (ids.length > SELECTION_MAX) notifications.show({ message: t('selection.limit', { count: SELECTION_MAX }) });
    selection?.onChange(Object.fromEntries(ids.slice(0, SELECTION_MAX).map((id) => [id, true])));
  }

  useShortcuts({
    j: () => move(1),
    k: () => move(-1),
    ...(selection && { x: toggle, Escape: () => selection.onChange({}) }),
  });

  function onKeyDown(event: KeyboardEvent) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    move(step);
  }

  return (
    <div className={classes['frame']}>
      <Table className={classes['table'] ?? ''} verticalSpacing={5} highlightOnHover aria-label={t('table')}>
        <Table.Thead>
          <Table.Tr>
            {selection && (
              <Table.Th w={36}>
                <Checkbox
                  size="xs"
                  aria-label={t('selectAll')}
                  checked={chosenCount > 0 && chosenCount === rows.length}
                  indeterminate={chosenCount > 0 && chosenCount < rows.length}
                  onChange={toggleAll}
                />
              </Table.Th>
            )}
            {table.getVisibleLeafColumns().map((column) => (
              <Table.Th key={column.id}>{t(`common:fields.${column.id as ColumnId}`)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody
          ref={body}
          onKeyDown={onKeyDown}
          onPointerEnter={() => onBusy(true)}
          onPointerLeave={() => onBusy(false)}
        >
          {rows.map((row) => (
            <JobRow
              key={row.id}
              row={row}
              job={row.original}
              visible={visible}
              isSelected={row.getIsSelected()}
              maySelect={selection !== null}
              hasLeft={hasLeft(row.original)}
              onOpen={open}
            />
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

interface JobRowProps {
  row: Row<typeof features, JobAnswer>;
  job: JobAnswer;
  visible: ColumnVisibilityState;
  isSelected: boolean;
  maySelect: boolean;
  hasLeft: boolean;
  onOpen: (id: string) => void;
}

/** Drawn again when its own job has changed and not when another one has: `row` is new each time and says nothing of that. */
const JobRow = memo(DrawnRow, (before, now) =>
  (['job', 'visible', 'isSelected', 'maySelect', 'hasLeft'] as const).every((name) => before[name] === now[name]),
);

function DrawnRow({ row, job, isSelected, maySelect, hasLeft, onOpen }: JobRowProps) {
  const { t } = useTranslation(['jobs', 'common']);
  return (
    <Table.Tr
      className={classes['row'] ?? ''}
      tabIndex={-1}
      data-job={job.id}
      data-left={hasLeft || undefined}
      title={hasLeft ? t('left') : undefined}
      aria-selected={maySelect ? isSelected : undefined}
      onClick={(event) => {
        if (isPlainClick(event.target as Element)) onOpen(job.id);
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && event.target === event.currentTarget) onOpen(job.id);
      }}
    >
      {maySelect && (
        <Table.Td>
          <Checkbox
            size="xs"
            aria-label={t('selectRow', { mediaId: job.mediaId })}
            checked={isSelected}
            onChange={row.getToggleSelectedHandler()}
          />
        </Table.Td>
      )}
      {row.getVisibleCells().map((cell) => (
        <Table.Td key={cell.id} data-name={t(`common:fields.${cell.column.id as ColumnId}`)}>
          <FlexRender cell={cell} />
        </Table.Td>
      ))}
    </Table.Tr>
  );
}

/** Not on something that does something of its own, and not at the end of marking text. */
function isPlainClick(target: Element): boolean {
  return target.closest('a, button, input, label') === null && document.getSelection()?.isCollapsed !== false;
}

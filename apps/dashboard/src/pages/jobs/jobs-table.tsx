import { useMergedRef } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import {
  FlexRender,
  useTable,
  type ColumnVisibilityState,
  type Row,
  type RowSelectionState,
} from '@tanstack/react-table';
import { useNavigate } from '@tanstack/react-router';
import { memo, useRef, type CSSProperties, type RefCallback } from 'react';
import { useTranslation } from 'react-i18next';
import type { JobAnswer } from '@app/contract';
import { useShortcuts } from '../../shell/shortcuts';
import { columns, columnWidth, features, type ColumnId } from './columns';
import classes from './jobs.module.css';
import { WideFrame } from './wide-frame';

/** Actions are for so many at once. */
const SELECTION_MAX = 200;

interface JobsTableProps {
  jobs: JobAnswer[];
  visible: ColumnVisibilityState;
  /** null: this person may select nothing. */
  selection: { chosen: RowSelectionState; onChange: (chosen: RowSelectionState) => void } | null;
  hasLeft: (job: JobAnswer) => boolean;
  /** Of the rows: while the pointer is there, somebody reads. */
  hoverRef: RefCallback<HTMLTableSectionElement>;
}

/** Characters that fit the least width of a media id; and the room of 32, a part of it on a small screen. */
const SHORT_ID = 16;
const LONG_ID = 'min(18.5rem, 16vw)';

const noSelection: RowSelectionState = {};

export function JobsTable({ jobs, visible, selection, hasLeft, hoverRef }: JobsTableProps) {
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
  const shown = table.getVisibleLeafColumns();
  // VOD's ids have 32 characters, names that people give are shorter: what these don't need the errors get.
  const mediaWidth = jobs.some(({ mediaId }) => mediaId.length > SHORT_ID) ? LONG_ID : `${columnWidth('mediaId')}rem`;
  const widthOf = (id: string) => (id === 'mediaId' ? mediaWidth : `${columnWidth(id)}rem`);
  const elastic = shown.some(({ id }) => id === 'error') ? 'error' : 'mediaId';
  // With all of them at their widths: else what a long id takes would be taken from the errors.
  const leastWidth = `calc(${shown.map(({ id }) => widthOf(id)).join(' + ')})`;
  const chosenCount = Object.keys(chosen).length;
  const isAllChosen = chosenCount > 0 && chosenCount >= Math.min(rows.length, SELECTION_MAX);

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

  return (
    <WideFrame>
      <table
        className={classes['table']}
        aria-label={t('table')}
        style={{ '--table-width': leastWidth } as CSSProperties}
      >
        <colgroup>
          {selection && <col className={classes['select']} />}
          {shown.map(({ id }) => (
            <col key={id} style={id === elastic ? undefined : { width: widthOf(id) }} />
          ))}
        </colgroup>
        <thead>
          <tr>
            {selection && (
              <th>
                <input
                  type="checkbox"
                  aria-label={t('selectAll')}
                  checked={isAllChosen}
                  ref={(box) => {
                    if (box) box.indeterminate = chosenCount > 0 && !isAllChosen;
                  }}
                  onChange={toggleAll}
                />
              </th>
            )}
            {shown.map((column) => (
              <th key={column.id}>{t(`common:fields.${column.id as ColumnId}`)}</th>
            ))}
          </tr>
        </thead>
        <tbody ref={useMergedRef(body, hoverRef)}>
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
              onMove={move}
            />
          ))}
        </tbody>
      </table>
    </WideFrame>
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
  onMove: (by: number) => void;
}

/**
 * Of plain elements, because there are hundreds of them: with components of the library a page of 200 takes several times as long.
 * Drawn again when its own job has changed and not when another one has: `row` is new each time and says nothing
 * of that.
 */
const JobRow = memo(DrawnRow, (before, now) =>
  (['job', 'visible', 'isSelected', 'maySelect', 'hasLeft'] as const).every((name) => before[name] === now[name]),
);

function DrawnRow({ row, job, isSelected, maySelect, hasLeft, onOpen, onMove }: JobRowProps) {
  const { t } = useTranslation(['jobs', 'common']);
  return (
    <tr
      className={classes['row']}
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
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (step === undefined) return;
        event.preventDefault();
        onMove(step);
      }}
    >
      {maySelect && (
        <td>
          <input
            type="checkbox"
            aria-label={t('selectRow', { mediaId: job.mediaId })}
            checked={isSelected}
            onChange={row.getToggleSelectedHandler()}
          />
        </td>
      )}
      {row.getVisibleCells().map((cell) => (
        <td key={cell.id} data-column={cell.column.id} data-name={t(`common:fields.${cell.column.id as ColumnId}`)}>
          <FlexRender cell={cell} />
        </td>
      ))}
    </tr>
  );
}

/** Not on something that does something of its own, and not at the end of marking text. */
function isPlainClick(target: Element): boolean {
  return target.closest('a, button, input, label') === null && document.getSelection()?.isCollapsed !== false;
}

import { Button, Group, NativeSelect, Text } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconArrowUpBar } from '@tabler/icons-react';
import { useNavigate, useRouterState } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { filterOf, type JobsSearch } from './search';

declare module '@tanstack/react-router' {
  interface HistoryState {
    /** Where the pages began through which one came to this one, the newest first; '' is the newest page. A cursor leads only onward. */
    newer?: string[];
  }
}

const pageSizes = ['25', '50', '100', '200'];

interface PagerProps {
  search: JobsSearch;
  shown: number;
  nextCursor: string | null;
  pageSize: string;
  onPageSize: (size: string) => void;
}

/** From one page of the list to the next older and newer ones. */
export function Pager({ search, shown, nextCursor, pageSize, onPageSize }: PagerProps) {
  const { t } = useTranslation('jobs');
  const navigate = useNavigate();
  const newer = useRouterState({ select: ({ location }) => location.state.newer }) ?? [];
  const filter = filterOf(search);

  function go(cursor: string | undefined, through: string[]) {
    void navigate({ to: '/jobs', search: { ...filter, ...(cursor && { cursor }) }, state: { newer: through } });
    window.scrollTo({ top: 0 });
  }

  return (
    <Group gap="xs" justify="space-between">
      <Text component="output" size="sm" c="dimmed">
        {t('shown', { count: shown })}
      </Text>
      <Group gap="xs">
        <NativeSelect
          size="xs"
          aria-label={t('pageSize')}
          title={t('pageSize')}
          data={pageSizes}
          value={pageSize}
          onChange={(event) => onPageSize(event.currentTarget.value)}
        />
        {search.cursor && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconArrowUpBar size={16} aria-hidden />}
            onClick={() => go(undefined, [])}
          >
            {t('newest')}
          </Button>
        )}
        <Button
          size="xs"
          variant="default"
          leftSection={<IconArrowUp size={16} aria-hidden />}
          disabled={!search.cursor || newer.length === 0}
          onClick={() => go(newer.at(-1), newer.slice(0, -1))}
        >
          {t('newer')}
        </Button>
        <Button
          size="xs"
          variant="default"
          rightSection={<IconArrowDown size={16} aria-hidden />}
          disabled={nextCursor === null}
          onClick={() => nextCursor && go(nextCursor, [...newer, search.cursor ?? ''])}
        >
          {t('older')}
        </Button>
      </Group>
    </Group>
  );
}

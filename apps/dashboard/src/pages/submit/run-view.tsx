import { Button, CopyButton, Group, List, Progress, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconPlayerPause } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@app/client';
import { useFormat } from '../../i18n/format';
import { ErrorNotice, useErrorText } from '../../parts/error-notice';
import { TextLink } from '../../parts/text-link';
import { ToneAlert } from '../../parts/tone-alert';
import type { JobsFilter } from '../jobs/search';
import { doneIn, type Interruption, type Tally } from './submit-all';
import classes from './submit.module.css';

const SHOWN = 20;

interface RunViewProps {
  total: number;
  tally: Tally;
  running: boolean;
  interruption: Interruption | null;
  /** Where the jobs are that came of it. */
  found: JobsFilter;
  onStop: () => void;
  onContinue: () => void;
  onAgain: () => void;
}

/** How far it is, and when it is over what came of it. */
export function RunView({ total, tally, running, interruption, found, onStop, onContinue, onAgain }: RunViewProps) {
  const { t } = useTranslation(['submit', 'common']);
  const format = useFormat();
  const done = doneIn(tally);
  const refusal = interruption && interruption.by !== 'stop' ? interruption : null;
  const next = useRef<HTMLButtonElement>(null);
  const focusedWhile = useRef<boolean>(null);
  // The button that was pressed is gone.
  useEffect(() => {
    if (focusedWhile.current !== running) next.current?.focus();
    focusedWhile.current = running;
  }, [running]);

  return (
    <Stack gap="sm" maw={720}>
      <Title order={2}>{t(headingOf(running, interruption))}</Title>
      <Progress
        value={(100 * done) / total}
        color={tally.refused.length > 0 || refusal ? 'orange' : 'blue'}
        aria-label={t('run.progress', { done: format.number(done), total: format.number(total) })}
        animated={running}
      />
      <Text component="output" size="sm">
        {t('run.progress', { done: format.number(done), total: format.number(total) })}
      </Text>
      <List size="sm" spacing={2}>
        <List.Item>{t('run.made', { count: tally.made, number: format.number(tally.made) })}</List.Item>
        {tally.here > 0 && (
          <List.Item>{t('run.here', { count: tally.here, number: format.number(tally.here) })}</List.Item>
        )}
        {tally.refused.length > 0 && (
          <List.Item>
            {t('run.refused', { count: tally.refused.length, number: format.number(tally.refused.length) })}
          </List.Item>
        )}
      </List>

      {running && <Text size="sm">{t('run.keepOpen')}</Text>}
      {refusal && <ErrorNotice error={refusal.error} />}
      {interruption && <Text size="sm">{t('run.safe', { number: format.number(total - done) })}</Text>}
      {!running && tally.refused.length > 0 && <RefusedMedia refused={tally.refused} />}

      <Group gap="xs">
        {running && (
          <Button ref={next} variant="default" leftSection={<IconPlayerPause size={18} aria-hidden />} onClick={onStop}>
            {t('run.stop')}
          </Button>
        )}
        {interruption && (
          <Button ref={next} onClick={onContinue}>
            {t('run.continue', { number: format.number(total - done) })}
          </Button>
        )}
        {!running && (
          <Button ref={interruption ? undefined : next} variant="default" onClick={onAgain}>
            {t('run.another')}
          </Button>
        )}
        {!running && tally.made + tally.here > 0 && (
          <Group gap={6}>
            {!interruption && <IconCircleCheck size={18} aria-hidden className={classes['good']} />}
            <TextLink to="/jobs" search={found}>
              {t('run.show')}
            </TextLink>
          </Group>
        )}
      </Group>
    </Stack>
  );
}

function headingOf(running: boolean, interruption: Interruption | null) {
  if (running) return 'run.running';
  if (interruption?.by === 'stop') return 'run.stopped';
  return interruption ? 'run.brokenOff' : 'run.done';
}

/** The row's key leaves out labels and priority: it is these that differ. */
function wasAskedOtherwise(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'idempotency_mismatch';
}

function RefusedMedia({ refused }: { refused: Tally['refused'] }) {
  const { t } = useTranslation(['submit', 'common']);
  const format = useFormat();
  const textOf = useErrorText();
  return (
    <ToneAlert
      tone="bad"
      role="alert"
      icon={IconAlertTriangle}
      title={t('run.refused', { count: refused.length, number: format.number(refused.length) })}
    >
      <List size="sm">
        {refused.slice(0, SHOWN).map(({ mediaId, error }) => (
          <List.Item key={mediaId} className={classes['id']}>
            {mediaId}: {wasAskedOtherwise(error) ? t('run.otherwise') : textOf(error)}
          </List.Item>
        ))}
      </List>
      {refused.length > SHOWN && (
        <Text size="sm">{t('review.more', { number: format.number(refused.length - SHOWN) })}</Text>
      )}
      <CopyButton value={refused.map(({ mediaId }) => mediaId).join('\n')}>
        {({ copied, copy }) => (
          <Button size="xs" variant="default" mt="xs" onClick={copy}>
            {copied ? t('common:copied') : t('run.copyRefused')}
          </Button>
        )}
      </CopyButton>
    </ToneAlert>
  );
}

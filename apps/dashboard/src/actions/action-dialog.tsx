import { Alert, Autocomplete, Button, Group, List, Modal, Progress, Stack, Text, Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconAlertTriangle, IconCoin, IconInfoCircle, IconPlugConnectedX } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, Unreachable } from '@app/client';
import type { JobAnswer } from '@app/contract';
import { billSoFar } from '@app/domain';
import { useFormat } from '../i18n/format';
import { keepJob } from '../live/caches';
import { ErrorNotice, useErrorText } from '../parts/error-notice';
import { useSession } from '../session/session';
import { actions, perform, refusalOf, type ActionName } from './actions';
import { inLanes } from './in-lanes';

/** At a time: the api does each in a few milliseconds, and other people use it too. */
const LANES = 4;

export interface ActionRequest {
  action: ActionName;
  /** As they were seen when the person decided. Those that cannot take the action are left alone, and the dialog says so. */
  jobs: JobAnswer[];
  /** For `adopt`: JobIds that the evidence names. */
  candidates?: string[];
}

interface ActionDialogProps extends ActionRequest {
  onClose: () => void;
  /** All of them took it. */
  onDone?: () => void;
}

interface Failure {
  job: JobAnswer;
  error: unknown;
}

/** Says what an action does and costs before it is done, asks for a reason, does it, and names what could not be done. */
export function ActionDialog({ action, jobs, candidates = [], onClose, onDone }: ActionDialogProps) {
  const { t } = useTranslation(['actions', 'bulk', 'common']);
  const format = useFormat();
  const { api, me } = useSession();
  const queryClient = useQueryClient();
  const [able] = useState(() => jobs.filter((job) => refusalOf(action, job) === null));
  const [reason, setReason] = useState('');
  const [vodJobId, setVodJobId] = useState(candidates.length === 1 ? (candidates[0] ?? '') : '');
  const [stop, setStop] = useState<AbortController | null>(null);
  const [done, setDone] = useState(0);
  const [failures, setFailures] = useState<Failure[]>([]);
  const only = able.length === 1 ? able[0] : undefined;
  const billedBefore = able.filter((job) => billSoFar(job) === 'maybe').length;
  const lastAttempt = billedBefore === 0 ? 'nothing' : billedBefore === able.length ? 'maybe' : 'mixed';
  const running = stop !== null;
  // Where the dialog is gone, nobody can stop it any more, or sees what failed.
  useEffect(() => () => stop?.abort(), [stop]);
  const leftAlone = jobs.length - able.length;
  const unanswered = failures.filter(({ error }) => error instanceof Unreachable);
  // Of many, one that has changed since it was selected is no failure: what was wanted of it, it does not need or take any more.
  const movedOn = only ? [] : failures.filter(({ error }) => error instanceof ApiError && error.code === 'wrong_state');
  const refused = failures.filter((one) => !unanswered.includes(one) && !movedOn.includes(one));
  const notBegun = able.length - done;
  const ended = !running && (failures.length > 0 || (done > 0 && notBegun > 0));

  const count = (of: number) => ({ count: of, number: format.number(of) });

  const nextButton = useRef<HTMLButtonElement>(null);
  useFocusReturn();
  // What had the focus is disabled or gone by then.
  useEffect(() => {
    if (running || ended) nextButton.current?.focus();
  }, [running, ended]);

  async function run(event: FormEvent) {
    event.preventDefault();
    const control = new AbortController();
    setStop(control);
    const failed: Failure[] = [];
    let tried = 0;
    await inLanes(able, LANES, control.signal, async (job) => {
      try {
        keepJob(queryClient, await perform(api, action, job, { reason: reason.trim(), vodJobId: vodJobId.trim() }));
      } catch (error) {
        failed.push({ job, error });
      }
      tried += 1;
      setDone(tried);
    });
    setStop(null);
    const succeeded = tried - failed.length;
    if (succeeded > 0) {
      notifications.show({ message: t('done', { count: succeeded, action: t(`names.${action}`) }), color: 'green' });
    }
    if (failed.length > 0) setFailures(failed);
    if (tried === able.length && failed.every(({ error }) => error instanceof ApiError && error.status === 409))
      onDone?.();
    if (failed.length === 0 && (tried === able.length || tried === 0)) onClose();
  }

  return (
    <Modal
      opened
      onClose={running ? () => stop.abort() : onClose}
      title={t(`title.${action}`, { count: able.length })}
      closeButtonProps={{ 'aria-label': t('common:close') }}
      size="lg"
    >
      <form onSubmit={(event) => void run(event)}>
        <Stack gap="sm">
          {only && (
            <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
              {only.mediaId} · {t(`common:types.${only.type}`)}
            </Text>
          )}
          <Text size="sm">{t(`does.${action}`)}</Text>
          {actions[action].costs && (
            <Alert color={me.emulator ? 'gray' : 'yellow'} icon={me.emulator ? <IconInfoCircle /> : <IconCoin />}>
              <b>{t('costs', { count: able.length })}</b> {t(`lastAttempt.${lastAttempt}`, { count: billedBefore })}{' '}
              {me.emulator && t('costsNothing')}
            </Alert>
          )}
          {leftAlone > 0 && <Text size="sm">{t('leftAlone', { count: leftAlone })}</Text>}

          {ended && able.length > 1 && (
            <Text component="output" size="sm" fw={600}>
              {[
                t('bulk:done', count(done - failures.length)),
                movedOn.length > 0 && t('bulk:movedOn', count(movedOn.length)),
                notBegun > 0 && t('bulk:notBegun', count(notBegun)),
              ]
                .filter(Boolean)
                .join(' ')}
            </Text>
          )}
          {refused.length > 0 && (only ? <ErrorNotice error={refused[0]?.error} /> : <Refused failures={refused} />)}
          {unanswered.length > 0 && <Unanswered failures={unanswered} />}

          {!ended && (
            <>
              {action === 'adopt' && (
                <Autocomplete
                  label={t('vodJobId')}
                  data={candidates}
                  value={vodJobId}
                  onChange={setVodJobId}
                  required
                  disabled={running}
                  spellCheck={false}
                />
              )}
              <Textarea
                label={t('reason')}
                description={t('reasonHint')}
                value={reason}
                onChange={(event) => setReason(event.currentTarget.value)}
                maxLength={500}
                autosize
                minRows={2}
                disabled={running}
                data-autofocus={action !== 'adopt' || undefined}
              />
            </>
          )}

          {running && able.length > 1 && (
            <>
              <Progress value={(100 * done) / able.length} aria-label={t('progress', { done, total: able.length })} />
              <Text size="sm">{t('progress', { done, total: able.length })}</Text>
            </>
          )}

          <Group justify="flex-end">
            {ended ? (
              <Button ref={nextButton} onClick={onClose}>
                {t('common:close')}
              </Button>
            ) : (
              <>
                <Button ref={nextButton} variant="default" onClick={running ? () => stop.abort() : onClose}>
                  {running ? t('stop') : t('common:cancel')}
                </Button>
                <Button type="submit" loading={running} color={action === 'fail' ? 'red' : 'blue'}>
                  {t(`title.${action}`, { count: able.length })}
                </Button>
              </>
            )}
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** Mantine gives the focus back when a dialog closes, and this one is unmounted. What opened it may be gone: then to the heading. */
function useFocusReturn(): void {
  const [opener] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      const target = opener?.isConnected && opener !== document.body ? opener : document.querySelector('h1');
      if (target instanceof HTMLElement) target.focus({ preventScroll: true });
    },
    [opener],
  );
}

/** The first of many, and how many more there are. */
const LISTED = 20;

function More({ of }: { of: unknown[] }) {
  const { t } = useTranslation('bulk');
  const format = useFormat();
  return of.length > LISTED ? <List.Item>{t('more', { number: format.number(of.length - LISTED) })}</List.Item> : null;
}

function Refused({ failures }: { failures: Failure[] }) {
  const { t } = useTranslation(['actions', 'common']);
  const textOf = useErrorText();
  return (
    <Alert color="red" role="alert" icon={<IconAlertTriangle />} title={t('failed', { count: failures.length })}>
      <List size="sm">
        {failures.slice(0, LISTED).map(({ job, error }) => (
          <List.Item key={job.id}>
            {job.mediaId}, {t(`common:types.${job.type}`)}: {textOf(error)}
          </List.Item>
        ))}
        <More of={failures} />
      </List>
    </Alert>
  );
}

/** The call may have arrived: nothing here says that these were left as they are. */
function Unanswered({ failures }: { failures: Failure[] }) {
  const { t } = useTranslation(['actions', 'common']);
  return (
    <Alert color="red" role="alert" icon={<IconPlugConnectedX />} title={t('unanswered', { count: failures.length })}>
      <Text size="sm">{t('unansweredHint')}</Text>
      <List size="sm">
        {failures.slice(0, LISTED).map(({ job }) => (
          <List.Item key={job.id}>
            {job.mediaId}, {t(`common:types.${job.type}`)}
          </List.Item>
        ))}
        <More of={failures} />
      </List>
    </Alert>
  );
}

import { Button, Group, Modal, Paper, Stack, Text } from '@mantine/core';
import { IconLock, IconSend } from '@tabler/icons-react';
import { useBlocker } from '@tanstack/react-router';
import { useDeferredValue, useEffect, useMemo, useRef, useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { readMediaList } from '@app/media-list';
import { useMayAct } from '../../actions/job-actions';
import { useFormat } from '../../i18n/format';
import { NothingHere } from '../../parts/nothing-here';
import { Page } from '../../parts/page';
import { useSession } from '../../session/session';
import type { JobsFilter } from '../jobs/search';
import { MediaField, noSource, type Source } from './media-field';
import { Review } from './review';
import { RunView } from './run-view';
import { firstSettings, mistakesIn, type Mistakes, type Settings } from './settings';
import { SettingsFields } from './settings-fields';
import classes from './submit.module.css';
import { useSubmission, type Submission } from './use-submission';

/** Asks for jobs: of one media, or of all that a file names. */
export function SubmitPage() {
  const { t } = useTranslation('submit');
  const mayAct = useMayAct();
  return (
    <Page title={t('title')}>
      {mayAct ? <Submitting /> : <NothingHere icon={IconLock} title={t('viewer.title')} text={t('viewer.text')} />}
    </Page>
  );
}

function Submitting() {
  const { me } = useSession();
  const { submission, start, goOn, clear } = useSubmission();
  const [source, setSource] = useState(noSource);
  const [settings, setSettings] = useState(() => firstSettings(me));
  const [mistakes, setMistakes] = useState<Mistakes>({});

  async function submit(media: string[]) {
    setMistakes({});
    const { left, interruption } = await start({ settings, media });
    // What is done stays in sight: with other settings all of it would be paid for once more.
    if (interruption?.by !== 'settings' || left.length < media.length) return;
    setMistakes(interruption.mistakes);
    clear();
  }

  if (submission) {
    const { media, tally, stop, interruption } = submission;
    return (
      <>
        <RunView
          total={media.length}
          tally={tally}
          running={stop !== null}
          interruption={interruption}
          found={found(submission, me.name)}
          onStop={() => stop?.abort()}
          onContinue={() => void goOn()}
          onAgain={() => {
            setSource(noSource);
            clear();
          }}
        />
        <LeavingBlocked when={stop !== null} />
      </>
    );
  }
  return (
    <SubmitForm
      source={source}
      onSource={setSource}
      settings={settings}
      onSettings={(part) => {
        setSettings({ ...settings, ...part });
        setMistakes(withoutChanged(mistakes, part));
      }}
      mistakes={mistakes}
      onMistakes={setMistakes}
      onSubmit={(media) => void submit(media)}
    />
  );
}

interface SubmitFormProps {
  source: Source;
  onSource: (source: Source) => void;
  settings: Settings;
  onSettings: (part: Partial<Settings>) => void;
  /** Found here, or by the api. */
  mistakes: Mistakes;
  onMistakes: (mistakes: Mistakes) => void;
  onSubmit: (media: string[]) => void;
}

function SubmitForm({ source, onSource, settings, onSettings, mistakes, onMistakes, onSubmit }: SubmitFormProps) {
  const { t } = useTranslation('submit');
  const format = useFormat();
  const { me } = useSession();
  const form = useRef<HTMLFormElement>(null);
  const [checked, setChecked] = useState(false);
  const [refused, setRefused] = useState(0);
  const list = useMediaOf(source);
  const media = list.outcome === 'read' ? list.ids : [];

  // When something is missing here, and when the form is there again after the api has said no.
  const [saidBefore] = useState(Object.keys(mistakes).length > 0);
  useEffect(() => {
    if (saidBefore || refused > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [saidBefore, refused]);

  function submit() {
    setChecked(true);
    const wrong = mistakesIn(settings, me);
    onMistakes(wrong);
    if (media.length === 0 || Object.keys(wrong).length > 0) setRefused(refused + 1);
    else onSubmit(media);
  }

  // Enter in a field submits a form: what is paid for takes the button.
  const keep = (event: FormEvent) => event.preventDefault();
  return (
    <form ref={form} onSubmit={keep} noValidate className={classes['columns']}>
      <Stack gap="lg">
        <MediaField
          source={source}
          onChange={onSource}
          error={checked && list.outcome === 'read' && media.length === 0 ? t('mistakes.noMedia') : undefined}
        />
        <SettingsFields settings={settings} onChange={onSettings} mistakes={mistakes} />
      </Stack>
      <Paper withBorder p="md" className={classes['review']}>
        <Stack gap="sm">
          <Review list={list} types={settings.types.length} />
          <Button
            onClick={submit}
            leftSection={<IconSend size={18} aria-hidden />}
            disabled={list.outcome === 'refused'}
          >
            {media.length === 0
              ? t('send')
              : t('sendMany', { count: media.length, number: format.number(media.length) })}
          </Button>
          <Text size="xs" c="dimmed">
            {t('onceOnly')}
          </Text>
        </Stack>
      </Paper>
    </form>
  );
}

/** Not those of the labels: they change when the field is left, and what is pressed then must not move away. */
function withoutChanged(mistakes: Mistakes, { labels: _labels, config, ...part }: Partial<Settings>): Mistakes {
  const changed = [...Object.keys(part), ...Object.keys(config ?? {}).map((type) => `config.${type}`)];
  return Object.fromEntries(Object.entries(mistakes).filter(([field]) => !changed.includes(field)));
}

/** Read again when something of it changes: a long list not with each letter that is typed. */
function useMediaOf({ from, text, file, encoding, column }: Source) {
  const typed = useDeferredValue(text);
  return useMemo(() => {
    if (from === 'ids') return readMediaList(new TextEncoder().encode(typed), { isTyped: true });
    return readMediaList(file?.bytes ?? new Uint8Array(), { encoding, column: column.trim() || undefined });
  }, [from, typed, file, encoding, column]);
}

/** The jobs that came of it: by their labels, else by their media, else by who asked for them since when. */
function found({ settings, tally, media }: Submission, client: string): JobsFilter {
  if (settings.labels.length > 0) return { label: settings.labels };
  const [only, ...others] = media;
  if (only !== undefined && others.length === 0) return { mediaId: only };
  return { client, ...(tally.since && { createdFrom: tally.since }) };
}

function LeavingBlocked({ when }: { when: boolean }) {
  const { t } = useTranslation(['submit', 'common']);
  const { status, proceed, reset } = useBlocker({
    shouldBlockFn: () => when,
    enableBeforeUnload: () => when,
    withResolver: true,
  });
  return (
    <Modal
      opened={status === 'blocked'}
      onClose={() => reset?.()}
      title={t('leave.title')}
      closeButtonProps={{ 'aria-label': t('common:close') }}
    >
      <Text size="sm">{t('leave.text')}</Text>
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={() => proceed?.()}>
          {t('leave.leave')}
        </Button>
        <Button data-autofocus onClick={() => reset?.()}>
          {t('leave.stay')}
        </Button>
      </Group>
    </Modal>
  );
}

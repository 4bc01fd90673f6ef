import { ScrollArea, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Transcript } from '@app/domain';
import { clock } from './result';
import classes from './result.module.css';

/** What is said, with its times. Sentences out of sight cost nothing: an hour of speech is a thousand of them. */
export function TranscriptView({ transcript: { durationMs, sentences } }: { transcript: Transcript }) {
  const { t } = useTranslation('job');
  if (sentences.length === 0) return <Text c="dimmed">{t('result.noSpeech')}</Text>;
  const severalChannels = new Set(sentences.map(({ channel }) => channel)).size > 1;
  return (
    <Stack gap={4}>
      <Text size="xs" c="dimmed">
        {t('result.sentences', { count: sentences.length })}
        {durationMs !== null && ` · ${t('result.length', { time: clock(durationMs) })}`}
      </Text>
      {/* Can be scrolled, so it can be reached with the keyboard. */}
      <ScrollArea.Autosize
        mah="26rem"
        viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': t('result.transcript') }}
      >
        <ol className={classes['transcript']}>
          {sentences.map(({ startMs, endMs, text, channel, speechRate }, index) => (
            <li key={index} className={classes['sentence']}>
              <span
                className={classes['when']}
                title={speechRate === null ? undefined : t('result.speechRate', { rate: speechRate })}
              >
                {clock(startMs)}–{clock(endMs)}
                {severalChannels && channel !== null && <> · {t('result.channel', { channel })}</>}
              </span>
              <Text size="sm">{text}</Text>
            </li>
          ))}
        </ol>
      </ScrollArea.Autosize>
    </Stack>
  );
}

import { Button, Code, CopyButton, Group, Text } from '@mantine/core';
import { IconMovie, IconSparkles } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { notifications } from '@mantine/notifications';
import { useTranslation } from 'react-i18next';
import { useMayAct } from '../../actions/job-actions';
import { ErrorNotice } from '../../parts/error-notice';
import { NothingHere } from '../../parts/nothing-here';
import { useSession } from '../../session/session';
import classes from './jobs.module.css';

/** The emulator lets a media fail whose id begins with `fail-`. */
const samples = ['sunset-over-west-lake', 'cooking-show-12', 'product-launch', 'night-market', 'fail-broken-file'];

/** Instead of an empty table before the first job: how to make one. */
export function FirstStart() {
  const { t } = useTranslation('jobs');
  const { api, me } = useSession();
  const mayAct = useMayAct();
  const enqueue = useMutation({
    mutationFn: async () => {
      const run = Date.now().toString(36);
      await Promise.all(
        samples.map((media) => api.submit({ mediaId: `${media}-${run}`, types: ['AIVideoTag', 'AIMediaDNA'] })),
      );
    },
    onSuccess: () => notifications.show({ message: t('empty.samplesDone') }),
  });
  const command = [
    `curl -s ${new URL('v1/jobs', document.baseURI).href} \\`,
    '  -H "Authorization: Bearer $VODAI_KEY" \\',
    "  -H 'Content-Type: application/json' \\",
    `  -d '{"mediaId": "3d3d12340d92c641401fab46a0b847f1", "types": ["AIVideoTag", "AIMediaDNA"]}'`,
  ].join('\n');

  return (
    <NothingHere icon={IconMovie} title={t('empty.first')} text={t('empty.firstText')}>
      <div className={classes['first']}>
        <Code block>{command}</Code>
        <Group gap="xs" mt="xs" justify="center">
          <CopyButton value={command}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy}>
                {copied ? t('copied', { ns: 'common' }) : t('empty.copyCommand')}
              </Button>
            )}
          </CopyButton>
          {me.emulator && mayAct && (
            <Button
              leftSection={<IconSparkles size={18} aria-hidden />}
              loading={enqueue.isPending}
              onClick={() => enqueue.mutate()}
            >
              {t('empty.samples')}
            </Button>
          )}
        </Group>
        {me.emulator && mayAct && (
          <Text size="sm" c="dimmed" mt="xs" ta="center">
            {t('empty.samplesText')}
          </Text>
        )}
        {enqueue.error && <ErrorNotice error={enqueue.error} />}
      </div>
    </NothingHere>
  );
}

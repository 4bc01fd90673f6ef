import { Button, Paper, Text, Title } from '@mantine/core';
import { IconCoin, IconCoinOff } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { JobAnswer } from '@app/contract';
import { ActionDialog } from '../../actions/action-dialog';
import { actionIcons } from '../../actions/action-looks';
import { actions, type ActionName } from '../../actions/actions';
import { useMayAct } from '../../actions/job-actions';
import { CopyableId } from '../../parts/copyable-id';
import { ToneBadge } from '../../parts/tone-badge';
import { useSession } from '../../session/session';
import type { Candidate } from './candidates';
import classes from './held.module.css';

const ways = ['adopt', 'resubmit', 'fail'] as const satisfies readonly ActionName[];

interface Asked {
  way: (typeof ways)[number];
  job: JobAnswer;
  candidates: string[];
}

interface WaysProps {
  job: JobAnswer;
  isHeld: boolean;
  candidates: Candidate[];
}

/** The three ways out: when each is right, what it does, what it costs. A viewer reads them; who may act on a held job has buttons. */
export function Ways({ job, isHeld, candidates }: WaysProps) {
  const { t } = useTranslation(['held', 'actions', 'common']);
  const { me } = useSession();
  const mayAct = useMayAct() && isHeld;
  const [asked, setAsked] = useState<Asked | null>(null);
  const known = candidates.map(({ vodJobId }) => vodJobId);
  return (
    <section aria-labelledby="ways">
      <Title order={3} id="ways" mb={4}>
        {t('ways.title')}
      </Title>
      <div className={classes['ways']}>
        {ways.map((way) => {
          const Mark = actionIcons[way];
          return (
            <Paper key={way} withBorder p="sm" className={classes['way'] ?? ''}>
              <Title order={4} size="sm">
                {t(`actions:names.${way}`)}
              </Title>
              <Text size="sm">{t(`ways.when.${way}`)}</Text>
              <Text size="sm">{t(`actions:does.${way}`)}</Text>
              <div>
                {actions[way].costs ? (
                  <ToneBadge tone="doubt" icon={IconCoin}>
                    {t('ways.costs')}
                  </ToneBadge>
                ) : (
                  <ToneBadge tone="quiet" icon={IconCoinOff}>
                    {t('ways.free')}
                  </ToneBadge>
                )}
                {actions[way].costs && me.emulator && (
                  <Text size="xs" c="dimmed" mt={4}>
                    {t('actions:costsNothing')}
                  </Text>
                )}
              </div>
              {way === 'adopt' && (
                <Candidates
                  of={candidates}
                  onAdopt={mayAct ? (vodJobId) => setAsked({ way, job, candidates: [vodJobId] }) : null}
                />
              )}
              {mayAct && (
                <Button
                  size="xs"
                  variant="default"
                  leftSection={<Mark size={16} aria-hidden />}
                  onClick={() => setAsked({ way, job, candidates: known })}
                >
                  {t(`actions:names.${way}`)}
                </Button>
              )}
            </Paper>
          );
        })}
      </div>
      {asked && (
        <ActionDialog
          action={asked.way}
          jobs={[asked.job]}
          candidates={asked.candidates}
          onClose={() => setAsked(null)}
        />
      )}
    </section>
  );
}

interface CandidatesProps {
  of: Candidate[];
  /** null: this person may not. */
  onAdopt: ((vodJobId: string) => void) | null;
}

function Candidates({ of, onAdopt }: CandidatesProps) {
  const { t } = useTranslation(['held', 'common']);
  if (of.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t('ways.noCandidates')}
      </Text>
    );
  }
  return (
    <ul className={classes['items']} aria-label={t('ways.candidates')}>
      {of.map(({ vodJobId, sources }) => (
        <li key={vodJobId}>
          <CopyableId whole id={vodJobId} what={t('common:fields.vodJobId')} />
          {onAdopt && (
            <Button
              size="compact-xs"
              variant="default"
              aria-label={t('ways.adoptThis', { vodJobId })}
              onClick={() => onAdopt(vodJobId)}
            >
              {t('ways.adoptShort')}
            </Button>
          )}
          <Text size="xs" c="dimmed">
            {sources.map((source) => t(`ways.sources.${source}`)).join(t('common:listSeparator'))}
          </Text>
        </li>
      ))}
    </ul>
  );
}

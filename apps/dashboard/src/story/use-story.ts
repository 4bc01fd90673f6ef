import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import type { HistoryAnswer } from '@app/contract';
import { useSaid } from '../i18n/use-said';
import { tellIn, type Tell } from './story';

/** Tells a line of history in the language of the page. */
export function useStory(): (line: HistoryAnswer['items'][number]) => string {
  const { t, i18n } = useTranslation('story');
  const said = useSaid();
  return useCallback(
    (line) => tellIn(t as Tell, (key) => i18n.exists(key, { ns: 'story' }), line, said),
    [t, i18n, said],
  );
}

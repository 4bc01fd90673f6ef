import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { jobStates } from '@app/domain';
import { phrasesOf } from '.';

/** A sentence of the server in the language of the page; as it is when this page doesn't know it. */
export function useSaid(): (sentence: string) => string {
  const { t, i18n } = useTranslation();
  const phrases = phrasesOf(i18n.language)?.sentences;
  return useCallback(
    (sentence) => {
      const stateOf = (name: string) => {
        const state = jobStates.find((one) => one === name);
        return state && t(`states.${state}`);
      };
      return phrases?.translate(sentence, stateOf) ?? sentence;
    },
    [phrases, t],
  );
}

/** What a problem says, by its sentence and else by its code before that. */
export function useSaidProblem(): (problem: { code: string; detail: string }) => string {
  const { i18n } = useTranslation();
  const said = useSaid();
  return ({ code, detail }) => {
    const general = phrasesOf(i18n.language)?.problems[code];
    const sentence = said(detail);
    return general && sentence === detail ? `${general}：${detail}` : sentence;
  };
}

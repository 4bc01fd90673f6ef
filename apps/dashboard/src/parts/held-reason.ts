import { useTranslation } from 'react-i18next';

const reasons = ['undecidable', 'vanished', 'not_ours'] as const;

/** Why a job is held, by the code of its error; in general words when this page is too old to know the code. */
export function useHeldReason(): (code: string | undefined) => string {
  const { t } = useTranslation('held');
  return (code) => {
    const known = reasons.find((one) => one === code);
    return t(`why.${known ?? 'other'}`);
  };
}

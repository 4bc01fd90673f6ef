import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';

/** `29 a second`; what is slower than that, by the minute. */
export function useRate(): (perSecond: number) => string {
  const { t } = useTranslation();
  const { number } = useFormat();
  return (perSecond) => {
    if (perSecond >= 1) return t('rate.second', { jobs: number(Math.round(perSecond)) });
    const perMinute = perSecond * 60;
    return t('rate.minute', {
      jobs: number(perMinute >= 10 ? Math.round(perMinute) : Number(perMinute.toPrecision(2))),
    });
  };
}

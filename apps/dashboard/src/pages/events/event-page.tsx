import { useTranslation } from 'react-i18next';
import { Page } from '../../parts/page';

export function EventPage() {
  const { t } = useTranslation('events');
  return <Page title={t('event')}>{null}</Page>;
}

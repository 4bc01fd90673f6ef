import { useTranslation } from 'react-i18next';
import { Page } from '../../parts/page';

export function HeldPage() {
  const { t } = useTranslation('held');
  return <Page title={t('title')}>{null}</Page>;
}

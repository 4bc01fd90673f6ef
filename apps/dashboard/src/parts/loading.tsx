import { Box, Skeleton, VisuallyHidden } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** In the place of what is on its way, as high as that will be. */
export function Loading({ h }: { h: number }) {
  const { t } = useTranslation();
  return (
    <Box component="output" display="block">
      <VisuallyHidden>{t('loading')}</VisuallyHidden>
      <Skeleton h={h} />
    </Box>
  );
}

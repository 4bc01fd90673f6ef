import { ActionIcon, CopyButton } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './copyable-id.module.css';

interface CopyableIdProps {
  id: string;
  /** What is copied, for somebody who doesn't see it: "Media ID". */
  what: string;
  /** Instead of the id's text: a link to it. */
  children?: ReactNode;
  /** Shows all of it, in several lines where it must be. */
  whole?: boolean;
}

export function CopyableId({ id, what, children, whole = false }: CopyableIdProps) {
  const { t } = useTranslation();
  return (
    <span className={classes['root']}>
      <span className={classes['id']} data-whole={whole || undefined} title={whole ? undefined : id}>
        {children ?? id}
      </span>
      <CopyButton value={id}>
        {({ copied, copy }) => (
          <ActionIcon
            variant="subtle"
            color="gray"
            size="xs"
            aria-label={copied ? t('copied') : t('copyWhat', { what })}
            title={t('copyWhat', { what })}
            onClick={copy}
          >
            {copied ? <IconCheck size={13} /> : <IconCopy size={13} />}
          </ActionIcon>
        )}
      </CopyButton>
    </span>
  );
}

import { ActionIcon, CopyButton, ScrollArea, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { piecesOf } from './pieces';
import classes from './raw-text.module.css';

interface RawTextProps {
  text: string;
  /** What it is, for somebody who doesn't see it, and for the copy button. */
  what: string;
}

/** Text from outside as text and nothing else: whatever it contains is shown, never interpreted. A megabyte of it scrolls smoothly. */
export function RawText({ text, what }: RawTextProps) {
  const { t } = useTranslation();
  const pieces = useMemo(() => piecesOf(text), [text]);
  return (
    <div className={classes['frame']}>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? t('copied') : t('copyWhat', { what })}>
            <ActionIcon
              className={classes['copy'] ?? ''}
              variant="default"
              aria-label={copied ? t('copied') : t('copyWhat', { what })}
              onClick={copy}
            >
              {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
      {/* Can be scrolled, so it can be reached with the keyboard. */}
      <ScrollArea.Autosize
        mah="28rem"
        className={classes['text'] ?? ''}
        viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': what }}
      >
        {pieces.map((piece, index) => (
          <pre key={index} className={classes['piece']}>
            {piece}
          </pre>
        ))}
      </ScrollArea.Autosize>
    </div>
  );
}

import { CloseButton, Kbd, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useNavigate, useRouterState } from '@tanstack/react-router';
import { useRef, useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './shell.module.css';
import { useShortcuts } from './shortcuts';

/** From every page to the jobs that it finds; what is looked for stands in the URL. */
export function SearchBox() {
  const { t } = useTranslation('shell');
  const navigate = useNavigate();
  const input = useRef<HTMLInputElement>(null);
  const inUrl = useRouterState({
    select: ({ location }) => (typeof location.search.q === 'string' ? location.search.q : ''),
  });
  const isOnList = useRouterState({ select: ({ location }) => location.pathname === '/jobs' });
  const [text, setText] = useState(inUrl);
  const [seen, setSeen] = useState(inUrl);
  if (seen !== inUrl) {
    setSeen(inUrl);
    setText(inUrl);
  }
  useShortcuts({
    '/': () => {
      input.current?.focus();
      input.current?.select();
    },
  });

  function search(q: string) {
    void navigate({
      to: '/jobs',
      // On the list it is one filter among others; those of another page mean nothing here.
      search: ({ q: _q, cursor: _cursor, ...others }) => ({ ...(isOnList && others), ...(q !== '' && { q }) }),
    });
  }

  return (
    <search className={classes['search']}>
      <form
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          search(text.trim());
        }}
      >
        <TextInput
          ref={input}
          aria-label={t('searchHint')}
          placeholder={t('searchHint')}
          title={t('searchHint')}
          leftSection={<IconSearch size={16} aria-hidden />}
          rightSection={
            text === '' ? (
              <Kbd size="xs" visibleFrom="sm" aria-hidden>
                /
              </Kbd>
            ) : (
              <CloseButton
                size="sm"
                aria-label={t('clearSearch')}
                onClick={() => {
                  setText('');
                  if (inUrl !== '') search('');
                  input.current?.focus();
                }}
              />
            )
          }
          enterKeyHint="search"
          spellCheck={false}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Escape') event.currentTarget.blur();
          }}
        />
      </form>
    </search>
  );
}

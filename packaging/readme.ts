import { posix } from 'node:path';

/**
 * A page of this repository as registries show it: there is no folder beside it, so that its links and pictures have
 * to say where they lead.
 * @param home the address of the repository
 */
export function absoluteReadme(page: string, home: string): string {
  return page.replace(/(!?)\[([^\]]*)\]\((?!https?:|#)([^)]+)\)/g, (_, picture: string, text: string, link: string) => {
    // `HEAD` is whatever the default branch is called.
    const address = `${home}/${picture ? 'raw' : 'blob'}/HEAD/${posix.normalize(link)}`;
    return `${picture}[${text}](${address})`;
  });
}

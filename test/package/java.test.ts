import { copyFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { lowestPeers, packageJson } from '../../packaging/manifest.js';
import { packFor } from '../../packaging/pack.js';
import { run } from '../../packaging/run.js';
import { StackFolder } from './languages/stack-folder.js';

/** The jar as Maven Central would have it, in a repository that is a folder. */
const apps = new StackFolder();
const { version } = packageJson();
/** What Maven has fetched, kept between runs. */
const MAVEN = resolve('.cache/maven');

const pom = `<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.example</groupId>
  <artifactId>app</artifactId>
  <version>1</version>
  <repositories>
    <repository><id>packed</id><url>file://${resolve('build/java')}</url></repository>
  </repositories>
  <dependencies>
    <dependency>
      <groupId>io.github.cdklynk</groupId><artifactId>cdk-lynk</artifactId><version>${version}</version>
    </dependency>
    <dependency>
      <groupId>software.amazon.awscdk</groupId><artifactId>aws-cdk-lib</artifactId>
      <version>${lowestPeers()['aws-cdk-lib']}</version>
    </dependency>
  </dependencies>
</project>
`;

beforeAll(async () => {
  await packFor('java');
  writeFileSync(join(apps.folder, 'pom.xml'), pom);
  copyFileSync('test/package/languages/Everything.java', join(apps.folder, 'Everything.java'));
  const copy = ['-q', '-B', '-U', 'dependency:copy-dependencies', '-DoutputDirectory=jars'];
  // Maven never fetches a version again that it has, such as the one of an earlier run.
  rmSync(join(MAVEN, 'io/github/cdklynk'), { recursive: true, force: true });
  await run('mvn', [...copy, `-Dmaven.repo.local=${MAVEN}`], apps.folder);
  await run('javac', ['-cp', 'jars/*', '-d', '.', 'Everything.java'], apps.folder);
});
afterAll(() => apps.remove());

test('there are the jar, its sources, its documentation and its pom', () => {
  const folder = join('build/java/io/github/cdklynk/cdk-lynk', version);
  const files = readdirSync(folder).filter((name) => /\.(?:jar|pom)$/.test(name));
  const endings = ['-javadoc.jar', '-sources.jar', '.jar', '.pom'];
  expect(files.sort()).toEqual(endings.map((ending) => `cdk-lynk-${version}${ending}`));
});

test('an app in Java has the template of the same app in JavaScript', async () => {
  const ofJava = await apps.template('Everything', 'java', ['-cp', '.:jars/*', 'Everything']);
  expect(ofJava).toEqual(await apps.ofJavaScript());
});

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <mbedtls/version.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/net/connection.h"

/*
 * Real TLS servers (openssl s_server) with certificates of our own. All have one key; its digest is
 * the pin. The CA is good from 2020 to 2040, "good" from 2024 to 2034, "past" in January 2020.
 */
static const char script[] =
	"set -e; cd %s; exec 2>log; touch index.txt;"
	"printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=index.txt\\nnew_certs_dir=.\\n"
	"serial=serial\\nrand_serial=yes\\ndefault_md=sha256\\npolicy=p\\n"
	"unique_subject=no\\ncopy_extensions=copy\\n"
	"[p]\\ncommonName=supplied\\n[v]\\nbasicConstraints=critical,CA:TRUE\\n"
	"[l]\\nextendedKeyUsage=serverAuth\\n[c]\\nextendedKeyUsage=clientAuth\\n' > conf;"
	"key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $1; };"
	"sign() { openssl ca -batch -notext -config conf \"$@\"; };"
	"key s.key;"
	"for ca in ca other; do key $ca.key;"
	" openssl req -new -key $ca.key -subj /CN=$ca -out $ca.csr;"
	" sign -selfsign -keyfile $ca.key -in $ca.csr -extensions v -startdate 20200101000000Z"
	" -enddate 20400101000000Z -out $ca.pem; done;"
	"leaf() { openssl req -new -key s.key -subj /CN=mirror.test -addext subjectAltName=$2"
	" -out $1.csr; sign -cert $5.pem -keyfile $5.key -in $1.csr -extensions ${6:-l}"
	" -startdate $3 -enddate $4 -out $1.pem; };"
	"names=DNS:mirror.test,DNS:*.wild.test,IP:127.0.0.1;"
	"leaf good $names 20240101000000Z 20340101000000Z ca;"
	"leaf past $names 20200101000000Z 20200201000000Z ca;"
	"leaf wrong DNS:other.test,IP:127.0.0.2 20240101000000Z 20340101000000Z ca;"
	"leaf foreign $names 20240101000000Z 20340101000000Z other;"
	"leaf client $names 20240101000000Z 20340101000000Z ca c;"
	"openssl pkey -in s.key -pubout -outform DER | openssl dgst -sha256 -binary > pin;"
	"printf hello > file; head -c 200000 /dev/zero > large";

enum { YEAR_2020_JANUARY = 1579046400, YEAR_2023 = 1672531200, YEAR_2026 = 1767225600,
       YEAR_2035 = 2051222400 };

static char folder[64];
static char *ca, *other_ca;
static uint8_t pin[1][TLS_PIN], wrong_pin[1][TLS_PIN];
static pid_t child, relay;
static uint16_t port;
static struct diag diag;

static char *read_file(const char *name, size_t *size)
{
	char path[128], *data;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &data, size), 0);
	return data;
}

static int make(void **state)
{
	char command[sizeof(script) + sizeof(folder)], *bytes;
	size_t size;

	(void)state;
	strcpy(folder, "/tmp/cordon-tls.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(command, sizeof(command), script, folder);
	if (system(command) != 0)
		return -1;
	ca = read_file("ca.pem", &size);
	other_ca = read_file("other.pem", &size);
	bytes = read_file("pin", &size);
	memcpy(pin[0], bytes, TLS_PIN);
	memset(wrong_pin, 0xab, sizeof(wrong_pin));
	free(bytes);
	return 0;
}

static int destroy(void **state)
{
	char command[128];

	(void)state;
	free(ca);
	free(other_ca);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void end(pid_t *process)
{
	if (*process > 0) {
		kill(*process, SIGKILL);
		waitpid(*process, NULL, 0);
	}
	*process = 0;
}

static int stop(void **state)
{
	(void)state;
	end(&child);
	end(&relay);
	return 0;
}

/* openssl says where it listens: "ACCEPT 127.0.0.1:PORT". */
static void start(const char *certificate, const char *option)
{
	char line[512], name[32];
	int out[2];
	FILE *file;

	port = 0;
	assert_int_equal(pipe(out), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		snprintf(name, sizeof(name), "%s.pem", certificate);
		dup2(out[1], STDOUT_FILENO);
		dup2(open("/dev/null", O_RDWR), STDERR_FILENO);
		close(out[0]);
		if (chdir(folder) == 0)
			execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert",
			       name, "-key", "s.key", "-WWW", option, (char *)NULL);
		_exit(1);
	}
	close(out[1]);
	file = fdopen(out[0], "r");
	while (port == 0 && fgets(line, sizeof(line), file)) {
		const char *colon = strncmp(line, "ACCEPT", 6) == 0 ? strrchr(line, ':') : NULL;

		port = colon ? (uint16_t)strtoul(colon + 1, NULL, 10) : 0;
	}
	fclose(file);
	assert_int_not_equal(port, 0);
}

static int to_loopback(void *context, const char *host, struct addr address[CONNECTION_ADDRESSES],
		       struct diag *errors)
{
	(void)context;
	(void)host;
	(void)errors;
	return addr_parse(&address[0], "127.0.0.1", 9) == 0 ? 1 : -EINVAL;
}

struct trust {
	const char *ca;
	const uint8_t (*pin)[TLS_PIN];
	const char *host;	/* NULL: mirror.test */
	int64_t now;		/* 0: 2026 */
	bool earliest;
	const char *file;	/* NULL: "file" */
};

static int get(const struct trust *trust, size_t *size)
{
	const struct connection_options options = {
		.limits = connection_limits_default, .resolve = to_loopback, .ca = trust->ca,
		.pin = trust->pin, .pins = trust->pin ? 1 : 0,
		.now = trust->now ? trust->now : YEAR_2026, .earliest = trust->earliest,
	};
	struct connection *connection;
	struct http_answer answer;
	struct url url = { .tls = true, .port = port, .path = "/" };
	int error;

	snprintf(url.host, sizeof(url.host), "%s", trust->host ? trust->host : "mirror.test");
	diag_init(&diag);
	assert_int_equal(connection_new(&connection, &url, &options), 0);
	error = connection_get(connection, trust->file ? trust->file : "file", 1 << 20, &answer,
			       &diag);
	*size = answer.size;
	http_answer_release(&answer);
	connection_free(connection);
	return error;
}

static void accepted(const struct trust *trust)
{
	size_t size;

	if (get(trust, &size) != 0)
		fail_msg("%s: %s", diag.entry[0].source, diag.entry[0].message);
	assert_int_equal(size, 5);
}

static void refused(const struct trust *trust, int error, const char *message)
{
	size_t size;
	int result = get(trust, &size);

	if (result != error || !strstr(diag.entry[0].message, message))
		fail_msg("%d %s, expected %d %s", result, diag.count ? diag.entry[0].message : "",
			 error, message);
	assert_int_equal(size, 0);
}

static void pinned_ca(void **state)
{
	(void)state;
	start("good", NULL);
	accepted(&(struct trust){ .ca = ca });
	accepted(&(struct trust){ .ca = ca, .host = "x.wild.test" });
	accepted(&(struct trust){ .ca = ca, .host = "127.0.0.1" });
	/* a connection that failed does not spoil the next */
	refused(&(struct trust){ .ca = other_ca }, -EACCES, "not signed by the pinned CA");
	accepted(&(struct trust){ .ca = ca });
}

static void pinned_key(void **state)
{
	(void)state;
	start("good", NULL);
	accepted(&(struct trust){ .pin = pin });
	accepted(&(struct trust){ .ca = ca, .pin = pin });
	stop(state);
	/* the key alone is the identity: any issuer, any name, any time */
	start("foreign", NULL);
	accepted(&(struct trust){ .pin = pin, .host = "elsewhere.test", .now = YEAR_2035 });
}

static void row_30_wrong_ca(void **state)
{
	(void)state;
	start("foreign", NULL);
	refused(&(struct trust){ .ca = ca }, -EACCES, "certificate is not signed by the pinned CA");
	refused(&(struct trust){ .ca = ca, .pin = pin }, -EACCES, "not signed by the pinned CA");
}

static void row_30_wrong_name(void **state)
{
	(void)state;
	start("wrong", NULL);
	refused(&(struct trust){ .ca = ca }, -EACCES,
		"certificate is for other.test, expected mirror.test");
	refused(&(struct trust){ .ca = ca, .host = "127.0.0.1" }, -EACCES,
		"certificate is for other.test, expected 127.0.0.1");
}

static void row_30_wrong_pin(void **state)
{
	(void)state;
	start("good", NULL);
	refused(&(struct trust){ .pin = wrong_pin }, -EACCES, "its key is sha256:");
	assert_non_null(strstr(diag.entry[0].message, ", expected sha256:abababab"));
	refused(&(struct trust){ .ca = ca, .pin = wrong_pin }, -EACCES, "its key is sha256:");
}

static void not_meant_for_servers(void **state)
{
	size_t size;

	(void)state;
	start("client", NULL);
	assert_int_not_equal(get(&(struct trust){ .ca = ca }, &size), 0);
}

/* Time is what the caller says, whatever the machine's clock shows. */
static void expired_and_not_yet_valid(void **state)
{
	(void)state;
	start("good", NULL);
	refused(&(struct trust){ .ca = ca, .now = YEAR_2035 }, -EACCES,
		"certificate expired on 2034-01-01");
	refused(&(struct trust){ .ca = ca, .now = YEAR_2023 }, -EACCES,
		"certificate is not valid before 2024-01-01");
	refused(&(struct trust){ .ca = ca, .now = 1 }, -EACCES,
		"CA certificate is not valid before 2020-01-01");
	/* Without a clock nobody can say that it has not begun, only that it has ended. */
	accepted(&(struct trust){ .ca = ca, .now = YEAR_2023, .earliest = true });
	refused(&(struct trust){ .ca = ca, .now = YEAR_2035, .earliest = true }, -EACCES,
		"certificate expired on 2034-01-01");
	stop(state);
	start("past", NULL);
	accepted(&(struct trust){ .ca = ca, .now = YEAR_2020_JANUARY });
	refused(&(struct trust){ .ca = ca }, -EACCES, "certificate expired on 2020-02-01");
}

static void versions(void **state)
{
	(void)state;
	start("good", "-tls1_2");
	accepted(&(struct trust){ .ca = ca });
	stop(state);
	start("good", "-tls1_3");
	if (MBEDTLS_VERSION_MAJOR >= 3)
		accepted(&(struct trust){ .ca = ca });
	else
		refused(&(struct trust){ .ca = ca }, -EBADMSG, "TLS handshake");
	stop(state);
	start("good", "-tls1_1");
	refused(&(struct trust){ .ca = ca }, -EBADMSG, "TLS handshake");
}

/* ---- a cut on the way ---- */

static bool pass_on(int from, int to, size_t *left)
{
	char data[4096];
	ssize_t got = recv(from, data, *left < sizeof(data) ? *left : sizeof(data), 0);

	if (got <= 0)
		return false;
	*left -= (size_t)got;
	return send(to, data, (size_t)got, MSG_NOSIGNAL) == got && *left > 0;
}

static void relay_one(int listener, uint16_t target, size_t limit)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(target),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int client = accept(listener, NULL, NULL), server = socket(AF_INET, SOCK_STREAM, 0);
	size_t forth = SIZE_MAX;
	bool on = connect(server, (struct sockaddr *)&address, sizeof(address)) == 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (on) {
		struct pollfd poller[2] = { { .fd = client, .events = POLLIN },
					    { .fd = server, .events = POLLIN } };

		poll(poller, 2, -1);
		if (poller[0].revents)
			on = pass_on(client, server, &forth);
		if (on && poller[1].revents)
			on = pass_on(server, client, &limit);
	}
	_exit(0);
}

/* Between client and server, what the server says ends after limit bytes. */
static void cut_after(size_t limit)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	relay = fork();
	assert_true(relay >= 0);
	if (relay == 0)
		relay_one(listener, port, limit);
	close(listener);
	port = ntohs(address.sin_port);
}

/* A body without a length ends with TLS's own close, and nobody on the way can make that one. */
static void row_30_cut_on_the_way(void **state)
{
	struct trust trust = { .ca = ca, .file = "large" };
	size_t size;

	(void)state;
	start("good", NULL);
	assert_int_equal(get(&trust, &size), 0);
	assert_int_equal(size, 200000);
	cut_after(100000);
	assert_int_equal(get(&trust, &size), -ECONNRESET);
	assert_string_equal(diag.entry[0].message, "TLS: the server closed the connection");
	stop(state);
	start("good", NULL);
	cut_after(500);
	assert_int_equal(get(&trust, &size), -ECONNRESET);
}

static void settings_are_checked(void **state)
{
	static char large[TLS_CA_MAX + 10];
	struct tls_options options = { .host = "a" };
	struct tls *tls;
	char *leaf;
	size_t size;

	(void)state;
	diag_init(&diag);
	assert_int_equal(tls_check_ca(ca, &diag), 0);
	assert_int_equal(diag.count, 0);
	assert_int_equal(tls_check_ca("", &diag), -EINVAL);
	assert_int_equal(tls_check_ca("-----BEGIN CERTIFICATE-----\nAAAA\n"
				      "-----END CERTIFICATE-----\n", &diag), -EINVAL);
	leaf = read_file("good.pem", &size);
	assert_int_equal(tls_check_ca(leaf, &diag), -EINVAL);
	free(leaf);
	memset(large, 'x', sizeof(large) - 1);
	assert_int_equal(tls_check_ca(large, &diag), -EINVAL);
	assert_int_equal(diag.count, 4);
	/* trust in nothing is no trust */
	assert_int_equal(tls_new(&tls, -1, &options, &diag), -EINVAL);
	options.ca = "";
	assert_int_equal(tls_new(&tls, -1, &options, &diag), -EINVAL);
	options = (struct tls_options){ .host = "a", .pin = pin, .pins = TLS_PINS + 1 };
	assert_int_equal(tls_new(&tls, -1, &options, &diag), -EINVAL);
}

#define with_server(test) cmocka_unit_test_setup_teardown(test, NULL, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_server(pinned_ca),
		with_server(pinned_key),
		with_server(row_30_wrong_ca),
		with_server(row_30_wrong_name),
		with_server(row_30_wrong_pin),
		with_server(not_meant_for_servers),
		with_server(expired_and_not_yet_valid),
		with_server(versions),
		with_server(row_30_cut_on_the_way),
		cmocka_unit_test(settings_are_checked),
	};

	return cmocka_run_group_tests(tests, make, destroy);
}

/* The vectors of RFC 4231, and of the forms that Bybit signs as another implementation has them. */
#include "gateway/bybit/sign.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

static void check(const char *secret, const char *const *texts, const char *expected)
{
    struct bybit_signer signer;
    char hex[BYBIT_SIGN_MAX];

    bybit_signer_init(&signer, secret);
    /* Twice: the first must leave nothing behind. */
    for (int round = 0; round < 2; round++) {
        bybit_sign(&signer, texts, hex);
        cr_assert(eq(str, hex, (char *)expected));
    }
    bybit_signer_wipe(&signer);
}

Test(bybit_sign, rfc_4231_case_2)
{
    check("Jefe", (const char *const[]){"what do ya want ", "for nothing?", NULL},
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

Test(bybit_sign, keys_of_a_block_and_longer)
{
    char block[65];
    char longer[66];
    char text[201];

    memset(block, 'k', sizeof block);
    memset(longer, 'k', sizeof longer);
    memset(text, 'x', sizeof text);
    block[64] = longer[65] = text[200] = '\0';
    check(block, (const char *const[]){"x", NULL},
          "f91c4c403625fb06910ef93999265bbd2d62baeaec6ff36455498cc124fe3e66");
    check(longer, (const char *const[]){text, NULL},
          "f21efe1ab8581cb729f0daa95d5be8a9215cb01b164e877913770c9d0bf74bb5");
}

#define SECRET "t7T0YlFnYXk0Fx3JswQsDrViLg1Gh3DUU5Mr"

Test(bybit_sign, a_query)
{
    check(SECRET,
          (const char *const[]){"1658384314791", "XXXXXXXXXX", "5000",
                                "category=option&symbol=BTC-29JUL22-25000-C", NULL},
          "0ef6654b5ca188c7d052495abdc3016965ab8a79e76299d59af165c41f598db6");
}

Test(bybit_sign, a_body)
{
    check(SECRET,
          (const char *const[]){"1658385579423", "XXXXXXXXXX", "5000", "{\"category\": \"option\"}",
                                NULL},
          "7aeff4e322b993ba1542816bd9a998db231a9de44158b876428cbaf8a7aeb914");
}

Test(bybit_sign, a_log_in)
{
    check(SECRET, (const char *const[]){"GET/realtime", "1711010121452", NULL},
          "1896f6ce78a4238ed06f479337ff5352e27b5c188198a8f7eb1677b0979bb3a2");
}
